using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Simulator.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void It_knows_the_public_surface_only() =>
        Assert.Empty(AssemblyImports.StrangersIn("WholeSchoolSend.Simulator", "Azure.Core Azure.Storage.Blobs Azure.Storage.Common System.Memory.Data"));
}
