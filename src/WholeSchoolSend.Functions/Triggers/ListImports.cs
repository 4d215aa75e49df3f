using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Polls;
using UseCase = WholeSchoolSend.Core.Polls.ListImports;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists dropped files and what became of them, the newest first: by <c>supplier</c> and <c>state</c>, <c>limit</c> at a time, from <c>after</c> on.</summary>
public sealed class ListImports(UseCase imports)
{
    [Function(nameof(ListImports))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "imports")] HttpRequest request, CancellationToken cancellation)
    {
        // What is no number is too small a one.
        var limit = request.Asked("limit") is { } asked ? int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0
            : 50;
        return Responses.From(await imports.RunAsync(request.Asked("supplier"), request.Asked("state"), limit, request.Asked("after"), cancellation),
            ImportsJson.Default.ImportPage);
    }
}
