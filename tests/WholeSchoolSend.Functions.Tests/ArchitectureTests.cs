using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The picture of the house, held against what was built: everything runs downhill.</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("WholeSchoolSend.PollFiles", "CsvHelper")]
    [InlineData("WholeSchoolSend.Core", "WholeSchoolSend.PollFiles MathNet.Numerics")]
    [InlineData("WholeSchoolSend.Storage", "WholeSchoolSend.Core WholeSchoolSend.PollFiles Azure.Core Azure.Data.Tables Azure.Storage.Blobs Azure.Storage.Common Polly.Core System.ClientModel System.Memory.Data")]
    [InlineData("WholeSchoolSend.Vendors", "WholeSchoolSend.Core Polly.Core")]
    [InlineData("WholeSchoolSend.LocalHost", "Azure.Core Azure.Storage.Blobs Azure.Storage.Common Azure.Storage.Queues NCrontab.Signed OpenTelemetry OpenTelemetry.Api OpenTelemetry.Api.ProviderBuilderExtensions System.Memory.Data Microsoft.AspNetCore Microsoft.AspNetCore. Microsoft.Extensions. Microsoft.Net.Http.Headers")]
    [InlineData("WholeSchoolSend.Functions", "WholeSchoolSend.Core WholeSchoolSend.Storage WholeSchoolSend.Vendors WholeSchoolSend.PollFiles WholeSchoolSend.LocalHost Azure.Core Azure.Identity Azure.Monitor.OpenTelemetry.Exporter Azure.Storage.Blobs NCrontab.Signed OpenTelemetry OpenTelemetry. System.Threading.RateLimiting Microsoft.AspNetCore. Microsoft.Extensions. Microsoft.Net.Http.Headers")]
    public void A_project_imports_only_what_the_picture_allows(string project, string allowed) => Assert.Empty(AssemblyImports.StrangersIn(project, allowed));

    [Fact]
    public void Functions_reach_their_host_through_the_published_types_only()
    {
        // Program and App compile against Microsoft's names; nothing of LocalHost's own may slip in, or azure mode would not build.
        using var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "WholeSchoolSend.Functions.dll")));
        var metadata = reader.GetMetadataReader();
        var own = metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => metadata.GetString(type.Namespace)).Where(name => name.StartsWith("WholeSchoolSend.LocalHost", StringComparison.Ordinal));
        Assert.Empty(own);
    }
}
