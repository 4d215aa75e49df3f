using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using UseCase = WholeSchoolSend.Core.Polls.ImportPoll;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Says what an import would say of a file, and imports nothing: of the file in the body, or of the one that <c>supplier</c> and <c>name</c> dropped.</summary>
public sealed class CheckImport(UseCase imports)
{
    [Function(nameof(CheckImport))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "imports/check")] HttpRequest request, CancellationToken cancellation)
    {
        if (await request.BodyAsync(UseCase.LargestChecked, cancellation) is not { } body)
            return Responses.From(Problems.BodyTooLarge.At("", string.Create(CultureInfo.InvariantCulture,
                $"should be at most {UseCase.LargestChecked} bytes: drop a larger file and check it by name")));
        var report = await imports.CheckAsync(request.Asked("supplier"), request.Asked("name"), request.Asked("instrument"), body.Length == 0 ? null : body,
            cancellation);
        return report.Value is { } said ? Responses.Streamed(said.WriteJsonAsync) : Responses.From(report.Problems);
    }
}
