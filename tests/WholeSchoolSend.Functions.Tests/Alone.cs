namespace WholeSchoolSend.Functions.Tests;

/// <summary>Tests that listen to what the whole process tells: nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
