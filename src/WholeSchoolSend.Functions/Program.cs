using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using WholeSchoolSend.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseMiddleware<AnswerFaults>();
builder.UseMiddleware<RecordOperations>();
builder.UseMiddleware<KeepRuns>();
builder.AddWholeSchoolSend();
await builder.Build().RunAsync();
