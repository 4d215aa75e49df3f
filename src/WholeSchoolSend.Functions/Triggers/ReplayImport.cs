using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Polls;
using UseCase = WholeSchoolSend.Core.Polls.ReplayImport;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Runs the import of a dropped file again, and says what it came to. Safe to call twice.</summary>
public sealed class ReplayImport(UseCase imports)
{
    [Function(nameof(ReplayImport))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "imports/replay")] HttpRequest request, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await imports.RunAsync(body, cancellation), ImportsJson.Default.ImportLine)
            : Documents.TooLarge();
}
