namespace WholeSchoolSend.Core.Webhooks;

/// <summary>Removes what was only ever to be kept for a while.</summary>
public sealed class ApplyRetention(IQuarantined quarantine, TimeProvider time)
{
    /// <summary>How long the body of a delivery that could not be decoded is kept: nobody can tell what in it is a person.</summary>
    public static readonly TimeSpan RawBodies = TimeSpan.FromDays(30);

    /// <summary>How many raw bodies were removed. Safe to call again, and by several at once.</summary>
    public Task<int> RunAsync(CancellationToken cancellation) => quarantine.ExpireAsync(time.GetUtcNow() - RawBodies, cancellation);
}
