using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The picture of the house, held against what was built: everything runs downhill.</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("WholeSchoolSend.PollFiles", "CsvHelper")]
    [InlineData("WholeSchoolSend.Core", "WholeSchoolSend.PollFiles MathNet.Numerics")]
    [InlineData("WholeSchoolSend.Storage", "WholeSchoolSend.Core WholeSchoolSend.PollFiles Azure.Core Azure.Data.Tables Azure.Storage.Blobs Azure.Storage.Common Polly.Core System.ClientModel")]
    [InlineData("WholeSchoolSend.LocalHost", "Azure.Core Azure.Storage.Blobs Azure.Storage.Common Azure.Storage.Queues NCrontab.Signed Microsoft.AspNetCore. Microsoft.Extensions. Microsoft.Net.Http.Headers")]
    [InlineData("companion/WholeSchoolSend.Simulator", "Azure.Core Azure.Storage.Blobs Azure.Storage.Common")]
    [InlineData("WholeSchoolSend.Functions", "WholeSchoolSend.Core WholeSchoolSend.Storage WholeSchoolSend.PollFiles WholeSchoolSend.LocalHost Azure.Core Azure.Identity Azure.Storage.Blobs Microsoft.AspNetCore. Microsoft.Extensions. Microsoft.Net.Http.Headers")]
    public void A_project_imports_only_what_the_picture_allows(string project, string allowed)
    {
        var may = allowed.Split(' ');
        var strangers = References(project).Where(name => !IsOfTheBaseLibrary(name) && !may.Any(one => one.EndsWith('.') ? name.StartsWith(one, StringComparison.Ordinal) : name == one));
        Assert.Empty(strangers);
    }

    [Fact]
    public void Functions_reach_their_host_through_the_published_types_only()
    {
        // Program and App compile against Microsoft's names; nothing of LocalHost's own may slip in, or azure mode would not build.
        using var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "WholeSchoolSend.Functions.dll")));
        var metadata = reader.GetMetadataReader();
        var own = metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => metadata.GetString(type.Namespace)).Where(name => name.StartsWith("WholeSchoolSend.LocalHost", StringComparison.Ordinal));
        Assert.Empty(own);
    }

    private static List<string> References(string project)
    {
        using var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, project + ".dll")));
        var metadata = reader.GetMetadataReader();
        return metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToList();
    }

    /// <summary>What .NET itself brings, without ASP.NET and the hosting extensions.</summary>
    private static bool IsOfTheBaseLibrary(string name) =>
        name is "netstandard" or "mscorlib" || (File.Exists(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, name + ".dll")) && !name.StartsWith("Microsoft.", StringComparison.Ordinal));
}
