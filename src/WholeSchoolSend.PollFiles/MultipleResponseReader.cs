using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Makes columns of yes and no out of tick-all-that-apply questions, however the file writes them.</summary>
/// <remarks>A cell that is none of the agreed words, or a code that was not agreed, is a problem: taken for "not chosen" it would be a wrong answer.</remarks>
internal sealed class MultipleResponseReader : PollFileReader
{
    private readonly PollFileReader _rows;
    private readonly Question[] _questions;
    private readonly (int Source, int Question, int Choice)[] _columns;

    private MultipleResponseReader(PollFileReader rows, Question[] questions, (int, int, int)[] columns, PollFileHeader header, PollFileOptions options)
        : base(header, options) => (_rows, _questions, _columns) = (rows, questions, columns);

    public override long Line => _rows.Line;

    public override long LineOf(int column) => _columns[column].Source is >= 0 and var source ? _rows.LineOf(source) : _rows.Line;

    public override ReadOnlySpan<byte> Utf8(int column) => _columns[column] switch
    {
        ( >= 0 and var source, _, _) => _rows.Utf8(source),
        (_, var question, var choice) => _questions[question].Answers[choice] switch { null => default, true => "1"u8, false => "0"u8 },
    };

    public override bool IsNotAsked(int column) => _columns[column] switch
    {
        ( >= 0 and var source, _, _) => _rows.IsNotAsked(source),
        (_, var question, var choice) => _questions[question].Answers[choice] is null,
    };

    public override bool TryNumber(int column, out double number) =>
        _columns[column].Source is >= 0 and var source ? _rows.TryNumber(source, out number) : base.TryNumber(column, out number);

    public override bool TryDate(int column, out DateTime date) =>
        _columns[column].Source is >= 0 and var source ? _rows.TryDate(source, out date) : base.TryDate(column, out date);

    public override ValueTask DisposeAsync() => _rows.DisposeAsync();

    /// <summary>Takes over the reader.</summary>
    public static async Task<OpenedPollFile> OpenAsync(PollFileReader rows, PollFileOptions options)
    {
        List<Question> questions = [];
        foreach (var layout in options.MultipleResponses)
        {
            var (question, problem) = Find(layout, rows.Header);
            if (question is null)
            {
                await rows.DisposeAsync();
                return new OpenedPollFile(problem!);
            }
            questions.Add(question);
        }
        if (questions.SelectMany(question => question.Columns).GroupBy(column => column).FirstOrDefault(uses => uses.Count() > 1) is { } shared)
        {
            await rows.DisposeAsync();
            return new OpenedPollFile(new FileProblem(PollFileCodes.LayoutColumn, $"Two multiple questions claim column {shared.Key + 1}."));
        }

        List<(int Source, int Question, int Choice)> columns = [];
        List<PollVariable> variables = [];
        var firstColumns = new List<int>[questions.Count];
        for (var source = 0; source < rows.Header.Variables.Count; source++)
        {
            var owner = questions.FindIndex(question => question.Columns.Contains(source));
            if (owner < 0)
            {
                columns.Add((source, -1, -1));
                variables.Add(rows.Header.Variables[source]);
            }
            else if (firstColumns[owner] is null)
            {
                var question = questions[owner];
                firstColumns[owner] = [.. Enumerable.Range(columns.Count, question.Codes.Count)];
                for (var choice = 0; choice < question.Codes.Count; choice++)
                {
                    columns.Add((-1, owner, choice));
                    variables.Add(new PollVariable($"{question.Layout.Name}_{question.Codes[choice]}")
                    {
                        Label = question.Layout.Form == MultipleResponseForm.Ticks ? rows.Header.Variables[question.Columns[choice]].Label : "",
                    });
                }
            }
        }
        if (columns.Count > options.MaxColumns)
        {
            await rows.DisposeAsync();
            return new OpenedPollFile(new FileProblem(PollFileCodes.ColumnsTooMany,
                $"The file has {columns.Count} columns and choices; the limit is {options.MaxColumns}."));
        }
        var sets = questions.Select((question, index) => new MultipleResponseSet(question.Layout.Name, "", firstColumns[index], "1"));
        var header = rows.Header with { Variables = variables, MultipleResponseSets = [.. sets], FurtherRows = [] };
        return new OpenedPollFile(new MultipleResponseReader(rows, [.. questions], [.. columns], header, options));
    }

    public override async ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        switch (await _rows.ReadAsync(cancellation))
        {
            case PollRead.Problem:
                return Report(_rows.Problem!);
            case PollRead.Refused:
                return Refuse(_rows.FileProblem!);
            case PollRead.End:
                return PollRead.End;
        }
        foreach (var question in _questions)
            if (question.Read(_rows) is { } problem) return Report(problem);
        return PollRead.Row;
    }

    private static (Question? Question, FileProblem? Problem) Find(MultipleResponseLayout layout, PollFileHeader header)
    {
        IReadOnlyList<string> codes = layout.Codes, names = layout.Columns;
        var suffixes = Suffixes(layout.Name + "_", header);
        if (codes.Count == 0 && layout.Form == MultipleResponseForm.Ticks && names.Count == 0) codes = suffixes;
        if (names.Count == 0)
            names = layout.Form switch
            {
                MultipleResponseForm.Ticks => [.. codes.Select(code => $"{layout.Name}_{code}")],
                MultipleResponseForm.Spread => [.. suffixes.Select(suffix => $"{layout.Name}_{suffix}")],
                _ => [layout.Name],
            };
        var wrong = names.FirstOrDefault(name => header.Columns(name).Count != 1);
        if (wrong is not null)
            return (null, new FileProblem(PollFileCodes.LayoutColumn, $"There should be one column {wrong}; there are {header.Columns(wrong).Count}."));
        if (names.Count == 0 || codes.Count == 0 || layout.Form == MultipleResponseForm.Ticks && names.Count != codes.Count)
            return (null, new FileProblem(PollFileCodes.LayoutColumn, $"The columns of {layout.Name} are not in the file, or not as many as its codes."));
        return (new Question(layout, codes, [.. names.Select(name => header.Columns(name)[0])]), null);
    }

    private static List<string> Suffixes(string prefix, PollFileHeader header) =>
        [.. header.Variables.Select(variable => variable.Name)
            .Where(name => name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
                && !name.AsSpan(prefix.Length).ContainsAnyExceptInRange('0', '9'))
            .Select(name => name[prefix.Length..])];

    /// <summary>One question: where it stands, and what the current respondent ticked.</summary>
    private sealed class Question(MultipleResponseLayout layout, IReadOnlyList<string> codes, int[] columns)
    {
        private readonly byte[][] _codes = [.. codes.Select(Encoding.UTF8.GetBytes)];
        private readonly byte[][] _chosen = [.. layout.Chosen.Select(Encoding.UTF8.GetBytes)];
        private readonly byte[][] _notChosen = [.. layout.NotChosen.Select(Encoding.UTF8.GetBytes)];

        public MultipleResponseLayout Layout => layout;

        public IReadOnlyList<string> Codes => codes;

        public int[] Columns => columns;

        public bool?[] Answers { get; } = new bool?[codes.Count];

        public RowProblem? Read(PollFileReader row) => layout.Form == MultipleResponseForm.Ticks ? Ticks(row) : Mentions(row);

        private RowProblem? Ticks(PollFileReader row)
        {
            var (blankIsNo, any) = (Contains(_notChosen, default), false);
            for (var choice = 0; choice < columns.Length; choice++)
            {
                var cell = row.Utf8(columns[choice]).Trim((byte)' ');
                if (cell.IsEmpty && blankIsNo) Answers[choice] = false;
                else if (cell.IsEmpty || row.IsNotAsked(columns[choice])) Answers[choice] = null;
                else if (Contains(_notChosen, cell)) Answers[choice] = false;
                else if (_chosen.Length == 0 || Contains(_chosen, cell)) Answers[choice] = true;
                else
                    return new(row.Line, columns[choice] + 1, PollFileCodes.ChoiceUnknown,
                        $"The cell should be one of {string.Join(", ", layout.Chosen)}"
                            + $" or {string.Join(", ", layout.NotChosen.Where(word => word.Length > 0))}, or a mark for not asked.");
                any |= !cell.IsEmpty && Answers[choice] is not null;
            }
            if (blankIsNo && !any) Array.Clear(Answers);
            return null;
        }

        private RowProblem? Mentions(PollFileReader row)
        {
            Array.Clear(Answers);
            foreach (var column in columns)
            {
                if (row.IsNotAsked(column)) continue;
                var rest = row.Utf8(column).Trim((byte)' ');
                if (rest.IsEmpty) continue;
                for (var choice = 0; choice < Answers.Length; choice++) Answers[choice] ??= false;
                while (!rest.IsEmpty)
                {
                    var end = layout.Form == MultipleResponseForm.Joined ? rest.IndexOf((byte)layout.Separator) : -1;
                    var code = (end < 0 ? rest : rest[..end]).Trim((byte)' ');
                    rest = end < 0 ? default : rest[(end + 1)..];
                    var choice = IndexOf(code);
                    if (choice >= 0) Answers[choice] = true;
                    else if (!code.IsEmpty && !Contains(_notChosen, code))
                        return new(row.Line, column + 1, PollFileCodes.CodeUndefined, $"The answers to {layout.Name} hold a code that was not agreed.");
                }
            }
            return null;
        }

        private int IndexOf(ReadOnlySpan<byte> code)
        {
            for (var choice = 0; choice < _codes.Length; choice++)
                if (code.SequenceEqual(_codes[choice])) return choice;
            return -1;
        }

        private static bool Contains(byte[][] words, ReadOnlySpan<byte> word)
        {
            foreach (var each in words)
                if (word.SequenceEqual(each)) return true;
            return false;
        }
    }
}
