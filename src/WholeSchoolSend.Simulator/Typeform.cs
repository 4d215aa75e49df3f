using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace WholeSchoolSend.Simulator;

/// <summary>One webhook delivery as it goes over the wire.</summary>
internal sealed record Delivery(byte[] Body, string Signature, DeliveryKind Kind)
{
    public string Source { get; init; } = Programme.Source;

    /// <summary>Which header carries the signature.</summary>
    public string Header { get; init; } = "Typeform-Signature";
}

internal enum DeliveryKind
{
    Usual,

    /// <summary>The same delivery once more, as after a time-out.</summary>
    Again,

    /// <summary>An answer the questionnaire does not offer.</summary>
    Outside,

    /// <summary>Signed by somebody who does not know the secret.</summary>
    Forged,
}

/// <summary>What Typeform sends: the shape of its webhook and its signature.</summary>
internal static class Typeform
{
    private const string Hex = "0123456789abcdef";
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private static readonly JsonSerializerOptions AsTypeformWrites = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>sha256=</c> and the Base64 (not hex) of HMAC-SHA256 over the raw body.</summary>
    public static string Sign(string secret, byte[] body) => "sha256=" + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));

    /// <summary>All deliveries of the teachers' study, in the order they are sent: by time, but for some repeated and some late ones.</summary>
    public static IReadOnlyList<Delivery> Deliveries(Chance chance, IReadOnlyList<Teacher> teachers, string secret)
    {
        var ids = chance.Split("typeform");
        var order = chance.Split("order");
        List<(DateTimeOffset At, Delivery Delivery)> sent = [];
        foreach (var teacher in teachers)
        {
            if (teacher.Before is { } before) Fill(teacher, Programme.FormBefore, before);
            if (teacher.After is { } after) Fill(teacher, Programme.FormAfter, after);
        }

        var some = order.Shuffled(teachers.Where(teacher => teacher.Before is not null));
        foreach (var teacher in some.Take(5))
            sent.Add((teacher.Before!.Submitted, Signed(Body(ids, teacher, Programme.FormBefore, teacher.Before with { Confidence = 9 }), DeliveryKind.Outside)));
        foreach (var teacher in some.Skip(5).Take(3)) sent.Add((teacher.Before!.Submitted, Forged(Body(ids, teacher, Programme.FormBefore, teacher.Before))));
        return [.. sent.OrderBy(one => order.Happens(0.01) ? one.At.AddDays(30) : one.At).Select(one => one.Delivery)];

        void Fill(Teacher teacher, string form, Answer answer)
        {
            var delivery = Signed(Body(ids, teacher, form, answer), DeliveryKind.Usual);
            sent.Add((answer.Submitted, delivery));
            if (order.Happens(0.02)) sent.Add((answer.Submitted.AddMinutes(2 + order.Below(600)), delivery with { Kind = DeliveryKind.Again }));
        }

        Delivery Signed(byte[] body, DeliveryKind kind) => new(body, Sign(secret, body), kind);
        Delivery Forged(byte[] body) => new(body, Sign(secret + " but wrong", body), DeliveryKind.Forged);
    }

    private static byte[] Body(Chance ids, Teacher teacher, string form, Answer answer)
    {
        var ask = new
        {
            confidence = new { id = "c0NfiD3nCe01", type = "opinion_scale", @ref = "cpd_confidence" },
            comment = new { id = "c0MmEnT00002", type = "long_text", @ref = "anything_else" },
            name = new { id = "n4Me00000003", type = "short_text", @ref = "first_name" },
            email = new { id = "eM41L0000004", type = "email", @ref = "email" },
            consent = new { id = "cOnS3nT00005", type = "legal", @ref = "consent" },
        };
        var answers = new List<object>
        {
            new { type = "number", number = answer.Confidence, field = ask.confidence },
            new { type = "text", text = teacher.First, field = ask.name },
            new { type = "email", email = $"{teacher.First}.{teacher.Last}@school-{teacher.School.Urn}.example".ToLowerInvariant(), field = ask.email },
            new { type = "boolean", boolean = true, field = ask.consent },
        };
        if (answer.Comment is { } comment) answers.Insert(1, new { type = "text", text = comment, field = ask.comment });

        var token = ids.Text(Hex, 32);
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                event_id = "01K" + ids.Text(Crockford, 23),
                event_type = "form_response",
                form_response = new
                {
                    form_id = form,
                    token,
                    response_url = $"https://admin.typeform.com/form/{form}/results?responseId={token}",
                    landed_at = Time(answer.Landed),
                    submitted_at = Time(answer.Submitted),
                    hidden = new { urn = teacher.School.Urn.ToString(CultureInfo.InvariantCulture), key = teacher.Key },
                    definition = new
                    {
                        id = form,
                        title = form == Programme.FormBefore ? "Teachers' confidence, before contact" : "Teachers' confidence, after contact",
                        fields = new object[]
                        {
                            new { ask.confidence.id, ask.confidence.type, ask.confidence.@ref, title = Programme.ConfidenceQuestion, properties = new { steps = 5, start_at_one = true } },
                            new { ask.comment.id, ask.comment.type, ask.comment.@ref, title = "Is there anything else you would like to tell us?", properties = new { } },
                            new { ask.name.id, ask.name.type, ask.name.@ref, title = "What is your first name?", properties = new { } },
                            new { ask.email.id, ask.email.type, ask.email.@ref, title = "What is your e-mail address?", properties = new { } },
                            new { ask.consent.id, ask.consent.type, ask.consent.@ref, title = "I agree that my answers are used for the evaluation.", properties = new { } },
                        },
                    },
                    answers,
                    ending = new { id = "DefaultTyScreen", @ref = "default_tys" },
                },
            },
            AsTypeformWrites);
    }

    private static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
