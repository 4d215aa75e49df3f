namespace WholeSchoolSend.Fuzz;

/// <summary>Something that takes bytes from outside, and must come to an answer whatever they are. To add one: implement this and name it in Program.</summary>
internal interface IFuzzTarget
{
    /// <summary>What it is called on the command line.</summary>
    string Name { get; }

    /// <summary>Files that make good beginnings; with none at all, random bytes are.</summary>
    bool IsSeed(string path);

    /// <summary>Beginnings that are no single file; <paramref name="folders"/> are where files are looked for.</summary>
    IEnumerable<byte[]> Seeds(IReadOnlyList<string> folders) => [];

    /// <summary>An input made in a way of its own; null: bytes are changed as they come.</summary>
    byte[]? Mutated(IReadOnlyList<byte[]> seeds, Random random) => null;

    /// <summary>The most bytes one input may allocate in all.</summary>
    long AllocationLimit(int length);

    /// <summary>Takes an input and says in a word what came of it. Every exception is a finding.</summary>
    Task<string> RunAsync(byte[] input, CancellationToken cancellation);
}
