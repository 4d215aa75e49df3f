using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives the OpenAPI document of every route.</summary>
public sealed class DescribeApi
{
    [Function(nameof(DescribeApi))]
    public IResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "openapi.json")] HttpRequest request) =>
        Results.Bytes(ApiDescription.Bytes, "application/json");
}
