using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>
/// Compares every expected field of a case with our value. A field we have no value for is gathered as not supported; one the reference leaves undefined
/// while we define it is gathered as without reference. Neither passes silently.
/// </summary>
internal sealed class ReferenceComparison
{
    // Values that are 0 but for rounding, such as the covariance of domains without a common school.
    private const double Floor = 1e-14;

    private readonly ReferenceCase _case;
    private readonly IReadOnlyDictionary<string, object?> _ours;
    private readonly List<string> _differences = [];
    private readonly List<string> _unsupported = [];
    private readonly List<string> _withoutReference = [];

    public ReferenceComparison(ReferenceCase reference, IReadOnlyDictionary<string, object?> ours)
    {
        (_case, _ours) = (reference, ours);
        Walk(reference.Expected, "");
    }

    public int Compared { get; private set; }

    /// <summary>The largest relative deviation of a value that is not 0 but for rounding, and that R does not find by iteration.</summary>
    public double Largest { get; private set; }

    public IReadOnlyList<string> Differences => _differences;

    public IReadOnlyList<string> Unsupported => _unsupported;

    public IReadOnlyList<string> WithoutReference => _withoutReference;

    private void Walk(JsonElement expected, string path)
    {
        if (path.Length > 0 && _ours.TryGetValue(path, out var ours))
        {
            Field(expected, ours, path);
            return;
        }

        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var field in expected.EnumerateObject())
                {
                    // A note is prose about the case.
                    if (field.Name != "note") Walk(field.Value, path.Length == 0 ? field.Name : path + "." + field.Name);
                }

                break;
            case JsonValueKind.Array when expected.GetArrayLength() == 0:
                // R writes an empty list as []: nothing under this name is defined.
                foreach (var (name, value) in _ours.Where(o => o.Key.StartsWith(path + ".", StringComparison.Ordinal)))
                {
                    Compared++;
                    if (value is not null) _differences.Add($"{name}: expected to be undefined, is {value}");
                }

                break;
            case JsonValueKind.Array when expected[0].ValueKind is JsonValueKind.Object or JsonValueKind.Array:
                var i = 0;
                foreach (var item in expected.EnumerateArray()) Walk(item, $"{path}[{i++}]");
                break;
            default:
                _unsupported.Add(path);
                break;
        }
    }

    private void Field(JsonElement expected, object? ours, string path)
    {
        switch (ours)
        {
            case Interval interval:
                Numbers(expected, [interval.Lower, interval.Upper], path);
                break;
            case IReadOnlyList<double> numbers:
                Numbers(expected, numbers, path);
                break;
            case IReadOnlyList<int> numbers:
                Numbers(expected, [.. numbers.Select(n => (double)n)], path);
                break;
            case null when expected.ValueKind == JsonValueKind.Array:
                Numbers(expected, [.. Enumerable.Repeat(double.NaN, expected.GetArrayLength())], path);
                break;
            case bool flag:
                Compared++;
                if (expected.ValueKind != (flag ? JsonValueKind.True : JsonValueKind.False)) _differences.Add($"{path}: expected {expected}, is {flag}");
                break;
            case string text:
                Compared++;
                if (expected.ToString() != text) _differences.Add($"{path}: expected {expected}, is {text}");
                break;
            case null:
                Number(expected, double.NaN, path);
                break;
            default:
                Number(expected, Convert.ToDouble(ours, CultureInfo.InvariantCulture), path);
                break;
        }
    }

    private void Numbers(JsonElement expected, IReadOnlyList<double> ours, string path)
    {
        if (expected.ValueKind != JsonValueKind.Array || expected.GetArrayLength() != ours.Count)
        {
            _differences.Add($"{path}: expected {expected}, has {ours.Count} numbers");
            return;
        }

        for (var i = 0; i < ours.Count; i++) Number(expected[i], ours[i], path);
    }

    private void Number(JsonElement expected, double ours, string path)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Null when double.IsFinite(ours):
                _withoutReference.Add(path);
                break;
            case JsonValueKind.Null:
                Compared++;
                break;
            case JsonValueKind.String when expected.GetString() is "Infinity" or "-Infinity":
                // The README of the corpus: ignore.
                break;
            case JsonValueKind.Number:
                Compared++;
                var value = expected.GetDouble();
                var allowed = Math.Max(Floor, _case.ToleranceOf(path) * Math.Abs(value));
                var relative = (ours / value) - 1;
                if (Math.Abs(ours - value) > Floor && _case.ToleranceOf(path) <= _case.Tolerance) Largest = Math.Max(Largest, Math.Abs(relative));
                if (!(Math.Abs(ours - value) <= allowed))
                    _differences.Add(FormattableString.Invariant($"{path}: expected {value:R}, is {ours:R} (off by {relative:0.0e0}; allowed {allowed:0e0})"));
                break;
            default:
                _differences.Add($"{path}: expected {expected}, is {ours.ToString("R", CultureInfo.InvariantCulture)}");
                break;
        }
    }
}
