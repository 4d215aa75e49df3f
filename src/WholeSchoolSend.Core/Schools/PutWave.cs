using System.Text.Json;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Schools;

/// <summary>Registers rounds of fieldwork and closes them.</summary>
public sealed class PutWave(IWaves waves, TimeProvider time)
{
    public static JsonSchema Schema { get; } = JsonSchema.Embedded("wave.schema.json");

    /// <summary>Of the reason with which a wave is closed or issued again.</summary>
    public static JsonSchema ReasonSchema { get; } = JsonSchema.Parse(
        """{ "type": "object", "additionalProperties": false, "properties": { "reason": { "type": "string", "minLength": 1, "maxLength": 1000 } } }"""u8.ToArray());

    /// <summary>The wave as stored (unchanged when it says the same), or everything that is wrong with it.</summary>
    public async Task<Checked<WaveState>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (!PutInstrument.IsId(id)) return Problems.IdInvalid.At("", "the id in the address should be lower-case letters, digits and hyphens, at most 64");
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var wave = document.Value.Deserialize(WavesJson.Default.Wave)!;
        if (wave.To < wave.From) return Problems.DatesInvalid.At("/to", $"should be {wave.From:yyyy-MM-dd}, the first day of fieldwork, or later");

        var before = await waves.FindAsync(id, cancellation);
        if (before?.Wave == wave) return before;
        // Who was engaged before fieldwork is counted from the wave's dates: after its close they stand.
        if (before?.Closed is not null) return Problems.WaveClosed.At("", $"{id} was closed; what was published rests on it");
        return await WriteAsync(new WaveState(id, wave, null, (before?.Revision ?? 0) + 1), cancellation);
    }

    /// <summary>Closes the wave, with the operator's reason; closing a closed wave changes nothing.</summary>
    public async Task<Checked<WaveState>> CloseAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (await waves.FindAsync(id, cancellation) is not { } before) return Problems.NotFound.At("", "no wave has this id");
        if (before.Closed is not null) return before;
        var reason = Reason(json, "should say why the wave is complete: what is published then stays");
        if (reason.Value is null) return reason.Problems.ToList();
        return await WriteAsync(before with { Closed = new WaveClosure(time.GetUtcNow(), reason.Value), Revision = before.Revision + 1 }, cancellation);
    }

    /// <summary>Records the decision to issue a closed wave's figures again as this evidence gives them; what is recorded already changes nothing.</summary>
    public async Task<Checked<WaveState>> ReissueAsync(WaveState before, string reason, string inputs, CancellationToken cancellation) =>
        before.Reissues is [.., { } last] && last.Inputs == inputs
            ? before
            : await WriteAsync(
                before with { Reissues = [.. before.Reissues ?? [], new WaveReissue(time.GetUtcNow(), reason, inputs)], Revision = before.Revision + 1 }, cancellation);

    /// <summary>The operator's reason for a decision.</summary>
    internal static Checked<string> Reason(ReadOnlyMemory<byte> json, string wanted)
    {
        var document = ReasonSchema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var reason = document.Value.RootElement.TryGetProperty("reason", out var given) ? given.GetString()!.Trim() : "";
        return reason.Length < 3 ? Problems.ReasonMissing.At("/reason", wanted) : reason;
    }

    private async Task<Checked<WaveState>> WriteAsync(WaveState wave, CancellationToken cancellation) =>
        await waves.PutAsync(wave, cancellation) ? wave : Problems.ChangedMeanwhile.At("", "the wave was changed at the same moment: read it and try again");
}
