using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core;

/// <summary>One thing that is wrong with what somebody sent: a stable code, where it is, and what was expected there.</summary>
/// <remarks>The code never changes and is for machines; the message may change and never quotes an answer, a name or a secret.</remarks>
public sealed record Problem(ProblemKind Kind, string Where, string Message)
{
    public string Code => Kind.Code;
}

/// <summary>An entry of the catalogue of everything that can be wrong, with the HTTP status it answers with where it is one.</summary>
public sealed record ProblemKind([property: JsonIgnore] int Status, string Code, string Title);

/// <summary>A value, or the list of everything that keeps it from being one.</summary>
public sealed record Checked<T>(T? Value, IReadOnlyList<Problem> Problems)
    where T : class
{
    public static implicit operator Checked<T>(T value) => new(value, []);

    public static implicit operator Checked<T>(Problem problem) => new(null, [problem]);

    public static implicit operator Checked<T>(List<Problem> problems) => new(null, problems);
}

/// <summary>The catalogue of stable problem codes. A code is never reused; a retired one stays here as a comment.</summary>
public static class Problems
{
    // What a sender of webhooks can meet.
    public static readonly ProblemKind SourceUnknown = new(503, "source-unknown", "No such source is configured here");
    public static readonly ProblemKind SignatureInvalid = new(401, "signature-invalid", "The delivery's signature is missing or wrong");
    public static readonly ProblemKind BodyTooLarge = new(413, "body-too-large", "The delivery is larger than this service takes");
    public static readonly ProblemKind TooBusy = new(503, "too-busy", "This source delivers more at once than is taken: send it again");
    public static readonly ProblemKind NotStored = new(503, "not-stored", "The delivery could not be stored: send it again");

    // Why a response waits in quarantine.
    public static readonly ProblemKind BodyUndecodable = new(422, "body-undecodable", "The body is not what this survey tool sends");
    public static readonly ProblemKind InstrumentMissing = new(422, "instrument-missing", "No instrument maps this form");
    public static readonly ProblemKind FieldMissing = new(422, "field-missing", "A field the instrument needs is not there");
    public static readonly ProblemKind AnswerUnknown = new(422, "answer-unknown", "An answer is none of those the instrument codes");
    public static readonly ProblemKind SchoolInvalid = new(422, "school-invalid", "The school is not a unique reference number");
    public static readonly ProblemKind WeightInvalid = new(422, "weight-invalid", "The weight is not a number from 0 to 1,000,000");
    public static readonly ProblemKind ResponseTooLarge = new(422, "response-too-large", "One response holds more than can be stored");

    // Why a vendor did not give a response: shown where it waits.
    public static readonly ProblemKind VendorRefused = new(502, "vendor-refused", "The vendor does not accept the source's API token");
    public static readonly ProblemKind VendorBusy = new(502, "vendor-busy", "The vendor's limit of requests is reached");
    public static readonly ProblemKind VendorFailed = new(502, "vendor-failed", "The vendor fails or does not answer");
    public static readonly ProblemKind VendorHasNot = new(502, "vendor-has-not", "The vendor has no such response");
    public static readonly ProblemKind VendorFormMissing = new(502, "vendor-form-missing", "The vendor has no such form, or the token may not see it");
    public static readonly ProblemKind VendorUnreadable = new(502, "vendor-unreadable", "The vendor's answer cannot be read");

    // What an operator can meet.
    public static readonly ProblemKind DocumentInvalid = new(422, "document-invalid", "The document does not follow its schema");
    public static readonly ProblemKind IdInvalid = new(422, "id-invalid", "An id is lower-case letters, digits and hyphens, at most 64");
    public static readonly ProblemKind CollectionFixed = new(422, "collection-fixed", "An instrument's collection cannot change");
    public static readonly ProblemKind IndicatorUnknown = new(422, "indicator-unknown", "The catalogue has no such indicator");
    public static readonly ProblemKind AnswerCodeUnknown = new(422, "answer-code-unknown", "The catalogue gives this indicator no such answer code");
    public static readonly ProblemKind FormTaken = new(422, "form-taken", "Another instrument maps this form or poll already");
    public static readonly ProblemKind DatesInvalid = new(422, "dates-invalid", "The dates contradict each other");
    public static readonly ProblemKind MilestoneUnknown = new(404, "milestone-unknown", "The catalogue has no such milestone");
    public static readonly ProblemKind EvidenceMissing = new(422, "evidence-missing", "What was delivered is shown by an address or a document");
    public static readonly ProblemKind OrganisationInvalid = new(422, "organisation-invalid", "The organisation is not named by an id");
    public static readonly ProblemKind StorageUnavailable = new(503, "storage-unavailable", "Storage does not answer: ask again later");
    public static readonly ProblemKind NotFound = new(404, "not-found", "There is no such thing here");
    public static readonly ProblemKind WaveClosed = new(409, "wave-closed", "The wave is closed");
    public static readonly ProblemKind WaveOpen = new(409, "wave-open", "The wave is still open: nothing was issued that could be issued again");
    public static readonly ProblemKind ReissueWaits = new(409, "reissue-waits", "The evidence is not settled: try again after the next recompute");
    public static readonly ProblemKind ReissueTooFew = new(409, "reissue-too-few", "Too few respondents or schools changed since an issue that is published");
    public static readonly ProblemKind ReissueUncovers = new(409, "reissue-uncovers", "Something withheld would follow from the new figures and published ones together");
    public static readonly ProblemKind ReissueUnrecorded = new(409, "reissue-unrecorded", "What stood behind a published issue is not known");
    public static readonly ProblemKind ChangedMeanwhile = new(409, "changed-meanwhile", "Somebody else changed it meanwhile: read it again");
    public static readonly ProblemKind ParameterInvalid = new(422, "parameter-invalid", "A parameter of the address is not what it should be");
    public static readonly ProblemKind RangeTooLong = new(422, "range-too-long", "The range of days is longer than is looked through at once");
    public static readonly ProblemKind ReasonPersonal = new(422, "reason-personal", "A reason is kept, so it must name nobody: give a reference instead");
    public static readonly ProblemKind ReasonMissing = new(422, "reason-missing", "This decision is recorded with a reason: give one");

    // Why a dropped file was refused. Problems of its rows carry the codes above or the file reader's own.
    public static readonly ProblemKind FileUnclaimed = new(422, "file-unclaimed", "No instrument of this supplier maps the file");
    public static readonly ProblemKind ColumnMissing = new(422, "column-missing", "A column the import needs is not in the file");
    public static readonly ProblemKind CellInvalid = new(422, "cell-invalid", "A cell does not hold what its column should");
    public static readonly ProblemKind RespondentRepeated = new(422, "respondent-repeated", "A respondent stands in more than one row");
    public static readonly ProblemKind WaveMixed = new(422, "wave-mixed", "One file holds one wave");
    public static readonly ProblemKind HeaderRows = new(422, "header-rows", "The file seems to have fewer header rows than the instrument says");
    public static readonly ProblemKind WeightMark = new(422, "weight-mark", "The file marks another column as its weight than the instrument");
    public static readonly ProblemKind LabelContradicts = new(422, "label-contradicts", "The file's words for a code are not those the instrument has for it");
    public static readonly ProblemKind FileNameUnclear = new(422, "file-name-unclear", "The file's name does not say which wave it is");
    public static readonly ProblemKind NothingLoaded = new(422, "nothing-loaded", "No row of the file can be used");
    public static readonly ProblemKind HeaderUnknown = new(422, "header-unknown", "The header is none of the registers this service reads");

    public static readonly ProblemKind QueryInvalid = new(422, "query-invalid", "The address asks for something that cannot be answered");

    // Why a drop waits or came to nothing.
    public static readonly ProblemKind HalfMissing = new(422, "half-missing", "The other half of the pair is not there yet");
    public static readonly ProblemKind HalfOfPair = new(422, "half-of-pair", "It was imported together with its other half");
    public static readonly ProblemKind LaterCounts = new(422, "later-counts", "A later drop of the same poll and wave counts");
    public static readonly ProblemKind DropsTied = new(422, "drops-tied", "Another file of the same poll and wave, dropped in the same second and seen later, counts");
    public static readonly ProblemKind ImportWithdrawn = new(422, "import-withdrawn", "The file, or a later one of the same poll and wave, was withdrawn");
    public static readonly ProblemKind ImportNotActive = new(409, "import-not-active", "The import does not count, so there is nothing to withdraw");
    public static readonly ProblemKind FileReplaced = new(422, "file-replaced", "The file was replaced or removed before it was imported");

    /// <summary>Every kind, by code.</summary>
    public static IReadOnlyDictionary<string, ProblemKind> All { get; } = typeof(Problems)
        .GetFields()
        .Where(field => field.FieldType == typeof(ProblemKind))
        .Select(field => (ProblemKind)field.GetValue(null)!)
        .ToDictionary(kind => kind.Code, StringComparer.Ordinal);

    /// <summary>A problem of this kind at this place.</summary>
    public static Problem At(this ProblemKind kind, string where, string message) => new(kind, where, message);
}
