using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Keeps every line the host and the app log: to see that a function ran, and that no line says what it must not.</summary>
public sealed class RunLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>How often a function has run to its end.</summary>
    public int Runs(string function) => _lines.Count(line => line.Contains($"Executed 'Functions.{function}' (Succeeded", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Logger(_lines);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
    }
}
