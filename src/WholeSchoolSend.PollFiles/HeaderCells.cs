namespace WholeSchoolSend.PollFiles;

/// <summary>Makes variables of the header rows of a file without a dictionary: names in the first, question texts in the second.</summary>
internal static class HeaderCells
{
    /// <summary>The third header row of a Qualtrics export begins like this.</summary>
    public const string QualtricsMark = "{\"ImportId\"";

    /// <summary>One variable for each cell up to the last that has a name.</summary>
    public static PollVariable[] Variables(IReadOnlyList<string[]> rows)
    {
        var columns = Array.FindLastIndex(rows[0], name => !string.IsNullOrWhiteSpace(name)) + 1;
        return [.. rows[0].Take(columns).Select((name, column) => new PollVariable(name.Trim())
        {
            Label = rows.Count > 1 && column < rows[1].Length ? rows[1][column].Trim() : "",
        })];
    }

    public static Queue<RowProblem> Problems(IReadOnlyList<PollVariable> variables, long line)
    {
        Queue<RowProblem> problems = [];
        Dictionary<string, int> first = new(PollFileHeader.Names);
        for (var column = 0; column < variables.Count; column++)
        {
            var name = variables[column].Name;
            if (name.Length == 0)
                problems.Enqueue(new(line, column + 1, PollFileCodes.HeaderUnnamed, "This column has no name."));
            else if (!first.TryAdd(name, column))
                problems.Enqueue(new(line, column + 1, PollFileCodes.HeaderDuplicate,
                    $"This column has the same name as column {first[name] + 1}; neither can be used by name."));
        }
        return problems;
    }
}
