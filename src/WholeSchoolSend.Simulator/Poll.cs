using System.Globalization;
using System.Text;

namespace WholeSchoolSend.Simulator;

/// <summary>What a pollster delivers: one row per respondent, labels rather than codes, the open question second to last and the weight last.</summary>
internal static class Poll
{
    private static readonly string[] Header =
        ["RecordNo", "wave", "endtime", "urn", "phase", "gor", "role", "Q1", "Q2", "Q3", .. Enumerable.Range(1, 8).Select(i => $"Q4_{i}"), "Q5_other", "weight"];

    public static byte[] File(IReadOnlyList<Leader> leaders, Round round) => Bytes(leaders.Select(leader => Row(leader, round)));

    /// <summary>The file as it came at first: three rows nobody can use.</summary>
    public static byte[] Draft(IReadOnlyList<Leader> leaders, Round round)
    {
        var rows = leaders.Select(leader => Row(leader, round)).ToList();
        rows[11][Column("Q1")] = "Mostly implemented";
        rows[41][Column("weight")] = "-" + rows[41][Column("weight")];
        rows[64][Column("urn")] = rows[64][Column("urn")][..5];
        return Bytes(rows);
    }

    private static int Column(string name) => Array.IndexOf(Header, name);

    private static byte[] Bytes(IEnumerable<string[]> rows) => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Csv.Of(rows.Prepend(Header)))];

    private static string[] Row(Leader leader, Round round) =>
    [
        leader.RecordNo.ToString(CultureInfo.InvariantCulture), round.Label, leader.Ended.ToString("dd/MM/yyyy HH:mm", CultureInfo.InvariantCulture),
        leader.School.Urn.ToString(CultureInfo.InvariantCulture), leader.School.Phase.Name, leader.School.Authority.Region, leader.Role,
        leader.Q1, leader.Q2, leader.Q3, .. leader.Areas, leader.Other ?? "__NA__", leader.Weight.ToString("0.#########", CultureInfo.InvariantCulture),
    ];
}
