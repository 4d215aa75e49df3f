using System.Text;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Erasures;

/// <summary>Somebody is found in bodies nobody could decode, however they were written into them, and nobody else is.</summary>
public sealed class ErasedPeopleTests
{
    private const string Address = "zoë.o'neil@school.example";

    private static readonly Pseudonyms Key = new("a-test-key-of-thirty-two-characters!");

    public static TheoryData<string, byte[]> Found => new()
    {
        { "plain", Utf8($"x {Address}, y") },
        { "other case and form", Utf8("ZOE\u0308.O'NEIL@SCHOOL.EXAMPLE") },
        { "full-width sign", Utf8("zoë.o'neil＠school.example") },
        { "UTF-16", Encoding.Unicode.GetBytes($"\uFEFF{Address}") },
        { "UTF-16, the other way round", Encoding.BigEndianUnicode.GetBytes($"\uFEFF{Address}") },
        { "JSON escapes", Utf8("""{"e":"zo\u00eb.o\u0027neil\u0040school.example",""") },
        { "percent-encoded", Utf8($"a=1&e={Uri.EscapeDataString(Address)}&b") },
        { "a form that holds JSON", Utf8($"raw={Uri.EscapeDataString("""{"e":"zo\u00EB.o'neil\u0040school.example"}""")}") },
        { "encoded twice", Utf8($"e={Uri.EscapeDataString(Uri.EscapeDataString(Address))}") },
        { "HTML", Utf8("<td>zo&euml;.o&#39;neil&#64;school.example</td>") },
        { "quoted-printable", Utf8("e=3Dx zo=C3=AB.o'neil=40school.example") },
        { "base64", Utf8($"{{\"p\":\"{Convert.ToBase64String(Utf8($"{{\"e\":\"{Address}\"}}"))}\"") },
        { "base64 of an address", Utf8(Convert.ToBase64String(Utf8(Address)).Replace('+', '-').Replace('/', '_').TrimEnd('=')) },
        { "end of a sentence", Utf8($"write to {Address}.") },
        { "among bytes that are no text", [0xFF, 0xFE, 0x41, 0xD8, .. Utf8(Address), 0x80] },
    };

    [Theory]
    [MemberData(nameof(Found))]
    public void They_are_found_however_it_is_written(string how, byte[] body) =>
        Assert.True(People(ErasureOf.Email, Address).In("a", Raw(body)) is (_, false), how);

    [Theory]
    [InlineData("joe@school.example")]
    [InlineData("mzoë.o'neil@school.example")]
    [InlineData("anna.zoë.o'neil@school.example")]
    [InlineData("zoë.o'neil@school.example.org")]
    [InlineData("zoë.o'neil@school.examples")]
    [InlineData("@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@")]
    [InlineData("")]
    public void Nobody_else_is(string body) => Assert.Null(People(ErasureOf.Email, Address).In("a", Raw(Utf8(body))));

    [Theory]
    [InlineData("""{"code":"0042"}""", true)]
    [InlineData("10042", false)]
    [InlineData("00421", false)]
    [InlineData("0042,0043", true)]
    public void A_code_is_a_word_of_its_own(string body, bool found) => Assert.Equal(found, People(ErasureOf.Respondent, "0042").In("a", Raw(Utf8(body))) is not null);

    [Fact]
    public void What_is_compressed_cannot_be_searched_and_says_so()
    {
        var raw = Raw([1, 2, 3]) with { Headers = new Dictionary<string, string> { ["content-encoding"] = "gzip" } };
        Assert.True(People(ErasureOf.Email, Address).In("a", raw) is (_, true));
        Assert.Null(ErasedPeople.Nobody.In("a", raw));
    }

    [Fact]
    public void What_was_submitted_later_is_not_covered_unless_it_is_the_same_response()
    {
        var erasure = AnErasure(ErasureOf.Email, Address);
        var people = new ErasedPeople([erasure], new Dictionary<string, string> { ["gone"] = erasure.Id }, Key);
        var response = new HeldResponse("new", "a", "i", "100001", "w", Key.Of(Address), erasure.Until, new RedactedAnswers("f", "r", []));

        Assert.Equal(erasure.Id, people.Covering(response));
        Assert.Null(people.Covering(response with { Submitted = erasure.Until.AddSeconds(1) }));
        Assert.Equal(erasure.Id, people.Covering(response with { Identity = "gone", Submitted = erasure.Until.AddYears(1), Respondent = null }));
        Assert.Null(people.Covering(response with { Respondent = Key.Of("joe@school.example") }));
    }

    [Fact]
    public void An_erasure_holds_neither_the_key_nor_its_pseudonym()
    {
        var kept = AnErasure(ErasureOf.Email, Address).ToString();
        Assert.DoesNotContain(Key.Of(Address), kept, StringComparison.Ordinal);
        Assert.DoesNotContain("neil", kept, StringComparison.Ordinal);
    }

    private static ErasedPeople People(ErasureOf of, string key) => new([AnErasure(of, key)], new Dictionary<string, string>(), Key);

    private static Erasure AnErasure(ErasureOf of, string key) => new(
        "20261124-0123456789abcdef", of, new DateTimeOffset(2026, 11, 24, 9, 0, 0, TimeSpan.Zero), "letter 1", Key.OfErased(Key.Of(key)), key.Normalize(NormalizationForm.FormKC).Length, null, null, null, null,
        null, ["w"]);

    private static RawDelivery Raw(byte[] body) => new(body, new Dictionary<string, string>());

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
