namespace WholeSchoolSend.Simulation;

/// <summary>What befalls one request to storage.</summary>
internal enum Fault
{
    None,

    /// <summary>500, and nothing happened.</summary>
    Fails,

    /// <summary>503 with <c>Retry-After</c>, and nothing happened.</summary>
    Throttled,

    /// <summary>The connection breaks, and nothing happened.</summary>
    BreaksBefore,

    /// <summary>No answer in time, and nothing happened.</summary>
    TimesOutBefore,

    /// <summary>It happened, and the answer is lost.</summary>
    AnswerLost,

    /// <summary>It happened, and the service says 503: its front end gave up before its back end did.</summary>
    FailsAfter,

    /// <summary>No answer in time; it happens later, while the caller is trying again.</summary>
    HappensLater,

    /// <summary>The instance is killed: nothing happened.</summary>
    CrashBefore,

    /// <summary>The instance is killed: it happened, and nobody was told.</summary>
    CrashAfter,
}
