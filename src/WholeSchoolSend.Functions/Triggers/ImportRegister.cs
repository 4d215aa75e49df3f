using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Polls;
using UseCase = WholeSchoolSend.Core.Schools.ImportRegister;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Imports a file of the schools register: the schools themselves, or which of them were engaged when.</summary>
public sealed partial class ImportRegister(UseCase imports, ILogger<ImportRegister> logger)
{
    [Function(nameof(ImportRegister))]
    public async Task Run(
        [BlobTrigger("register/{name}", Connection = "SurveyData", Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string name, CancellationToken cancellation)
    {
        if (await imports.RunAsync(name, again: false, cancellation) is { } record)
            LogImported(record.ContentHash, record.Unit?.Instrument, record.State, record.Outcome, record.Rows?.Read, record.Problems);
    }

    [LoggerMessage(1, LogLevel.Information, "Register file with content {ContentHash} ({Kind}): {State}, {Outcome}, {Rows} rows, {Problems} problems")]
    private partial void LogImported(string? contentHash, string? kind, ImportState state, ImportOutcome? outcome, int? rows, int problems);
}
