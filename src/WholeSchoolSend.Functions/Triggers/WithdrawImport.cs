using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Polls;
using UseCase = WholeSchoolSend.Core.Polls.WithdrawImport;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes out what a dropped file brought, with the operator's reason. Safe to call twice.</summary>
public sealed class WithdrawImport(UseCase imports)
{
    [Function(nameof(WithdrawImport))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "imports/withdraw")] HttpRequest request, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await imports.RunAsync(body, cancellation), ImportsJson.Default.ImportLine)
            : Documents.TooLarge();
}
