namespace WholeSchoolSend.LocalHost;

/// <summary>The host refuses to start; the message says what is wrong and by which name, and needs no stack trace.</summary>
public sealed class CannotStartException : Exception
{
    public CannotStartException()
    {
    }

    public CannotStartException(string message)
        : base(message)
    {
    }

    public CannotStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
