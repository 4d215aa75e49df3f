using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Core.Tests.Polls;

public sealed class ClaimsTests
{
    [Theory]
    [InlineData("*", "anything.csv", true)]
    [InlineData("*", "a/folder/anything.csv", true)]
    [InlineData("leaders-*.csv", "leaders-2026.csv", true)]
    [InlineData("leaders-*.csv", "LEADERS-2026.CSV", true)]
    [InlineData("leaders-*.csv", "autumn/leaders-2026.csv", true)]
    [InlineData("leaders-*.csv", "leaders-2026.csv.bak", false)]
    [InlineData("leaders-*.csv", "leaders-", false)]
    [InlineData("autumn/*.csv", "autumn/leaders.csv", true)]
    [InlineData("autumn/*.csv", "spring/leaders.csv", false)]
    [InlineData("a*b*c", "aXbXbc", true)]
    [InlineData("a*bb", "ab", false)]
    [InlineData("one.csv", "one.csv", true)]
    public void A_pattern_claims_files_by_name(string pattern, string path, bool claimed) => Assert.Equal(claimed, ImportPoll.Claims(pattern, path));

    [Fact]
    public void A_respondent_is_known_again_however_long_the_key()
    {
        var seen = new RespondentSet();
        foreach (var key in new[] { "1", "10", "1\0", "123456789012345", "1234567890123456", new string('x', 100), new string('x', 101) })
        {
            Assert.True(seen.Add(System.Text.Encoding.UTF8.GetBytes(key)));
            Assert.False(seen.Add(System.Text.Encoding.UTF8.GetBytes(key)));
        }
    }
}
