using CsCheck;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Whatever dictionary and rows are written, in every compression and both byte orders, are read back.</summary>
public sealed class SavPropertyTests
{
    private static readonly Gen<object?> Number = Gen.OneOf<object?>(
        Gen.Int[-120, 300].Select(number => (object?)(double)number), Gen.Double.Where(double.IsFinite).Select(number => (object?)number),
        Gen.Int[0, 5_000_000].Select(number => (object?)(number / 1e6)), Gen.Const((object?)null));

    private static readonly Gen<string> Word = Gen.String[Gen.Char["ab1,;\"\r\n €éß日 "], 0, 40];

    private static readonly Gen<SavVariable> Variable = Gen.Select(
        Gen.OneOf(Gen.Const(0), Gen.Int[1, 20], Gen.OneOfConst(254, 255, 256, 300, 504, 505, 1000)), Word, Gen.Int[0, 3], Gen.Int[0, 3], Word.Array[0, 4],
            Gen.OneOfConst(5, 3, 31))
        .Select((width, label, measure, missing, labels, format) => new SavVariable("", width)
        {
            Label = label.Length == 0 ? null : label,
            Measure = measure,
            Format = format,
            Labels = [.. labels.Select((text, code) => (width == 0 ? (object)(double)code : Fitted(Letters(code), width), text))],
            MissingCount = width > 8 ? 0 : missing,
            Missing = width > 8 ? [] : [.. Enumerable.Range(0, missing).Select(code => width == 0 ? (object)(90.5 + code) : Letters(code))],
        });

    private static readonly Gen<(SavVariable[] Variables, object?[][] Rows)> File = Variable.Array[1, 8]
        .Select(variables => variables.Select((variable, at) => variable with { Name = $"variable_number_{at}", Short = $"V{at}" }).ToArray())
        .SelectMany(variables => Row(variables).Array[1, 30].Select(rows => (variables, rows)));

    [Fact]
    public Task Any_file_reads_back_as_it_was_written() =>
        Gen.Select(File, Gen.Int[0, 2], Gen.Bool, Gen.OneOfConst(100.0, 0, -50, 120), Gen.Int[8, 4000],
            Gen.Bool).SampleAsync(async (file, compression, bigEndian, bias, block, counted) =>
        {
            var (variables, rows) = file;
            var weight = Array.Find(variables, variable => variable.Width == 0);
            var writer = new SavWriter(variables)
            {
                Compression = compression,
                BigEndian = bigEndian,
                Bias = bias,
                BlockSize = block,
                Rows = counted ? null
                : -1
            };
            if (weight is not null) writer = writer with { WeightIndex = writer.Segment(weight) + 1 };
            var reading = await Reading.OfAsync(writer.Write(rows));

            Assert.Empty(reading.Codes);
            Assert.Equal(weight?.Name, reading.Header!.WeightVariable);
            Assert.Equal(rows.Select(row => row.Select((cell, column) => variables[column].Width == 0 ? Shortest((double?)cell) : Shown((string)cell!))),
                reading.Rows);
            foreach (var (written, read) in variables.Zip(reading.Header.Variables))
            {
                Assert.Equal((written.Name, Shown(written.Label ?? ""), written.Measure, written.Width == 0 ? VariableKind.Number : VariableKind.Text),
                    (read.Name, read.Label, (int)read.Measure, read.Kind));
                Assert.Equal(written.Labels.Select(label => (Code(label.Value), Shown(label.Label))), read.ValueLabels
                    .Select(label => (label.Code, label.Label)));
                Assert.Equal(written.Missing.Select(Code), read.Missing.Codes);
            }
        }, iter: 1_000);

    private static Gen<object?[]> Row(SavVariable[] variables) =>
        Gen.Select(Number.Array[variables.Length], Gen.String[Gen.Char["ab1,;\"\r\n €éß日 "], 0, 400].Array[variables.Length])
            .Select((numbers, texts) => variables.Select((variable, at) => variable.Width == 0 ? numbers[at] : Fitted(texts[at], variable.Width)).ToArray());

    private static string Letters(int code) => ((char)('A' + code)).ToString();

    // Cut between characters, as a program that knows its encoding does.
    private static string Fitted(string text, int width)
    {
        while (System.Text.Encoding.UTF8.GetByteCount(text) > width) text = text[..^1];
        return text;
    }

    private static string Shown(string text) => text.TrimEnd(' ');

    private static string Code(object value) => value is string text ? Shown(text) : Shortest((double)value);

    // What the reader gives may be spelt in several ways; that it is the shortest is tested by examples.
    private static string Shortest(double? number)
    {
        if (number is not { } value) return "";
        var whole = Math.Abs(value) < 1L << 53 && value == Math.Floor(value);
        return whole ? ((long)value).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
    }
}
