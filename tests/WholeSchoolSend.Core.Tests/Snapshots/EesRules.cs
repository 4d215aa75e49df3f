using System.Globalization;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Tests.Snapshots;

/// <summary>
/// The rules of Explore Education Statistics that a program can check, each under the name DfE's own screener gives it (R package eesyscreener,
/// May 2026); what is only ours to hold to, from the analysts' guide, begins with "guide". Rules about places below the nation are left out:
/// the file has none.
/// </summary>
internal static partial class EesRules
{
    private static readonly string[] Observed = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name"];
    private static readonly string[] MetaColumns = ["col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint", "filter_grouping_column"];

    /// <summary>A table as text.</summary>
    public sealed record Table(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
    {
        public IEnumerable<string> this[string column] => Rows.Select(row => row[Columns.ToList().IndexOf(column)]);

        public Table With(string column, int row, string value) =>
            this with { Rows = [.. Rows.Select((cells, i) => i == row ? [.. cells.Select((cell, at) => Columns[at] == column ? value : cell)] : cells)] };

        public Table Renamed(string column, string name) => this with { Columns = [.. Columns.Select(one => one == column ? name : one)] };

        public Table Without(int row) => this with { Rows = [.. Rows.Where((_, i) => i != row)] };
    }

    /// <summary>What is handed in: two files and their names.</summary>
    public sealed record Upload(string Name, string MetaName, Table Data, Table Meta)
    {
        public IEnumerable<string> Filters => Of("Filter");

        public IEnumerable<string> Indicators => Of("Indicator");

        public IEnumerable<string> Groups => Meta["filter_grouping_column"].Where(name => name.Length > 0);

        private IEnumerable<string> Of(string type) => Meta["col_name"].Zip(Meta["col_type"]).Where(pair => pair.Second == type).Select(pair => pair.First);

        public IEnumerable<(string Name, string Value)> OfIndicators(string column) => Meta["col_name"].Zip(Meta["col_type"], Meta[column]).Where(row => row.Second == "Indicator").Select(row => (row.First, row.Third));

        public IEnumerable<(string Name, string Value)> OfFilters(string column) => Meta["col_name"].Zip(Meta["col_type"], Meta[column]).Where(row => row.Second == "Filter").Select(row => (row.First, row.Third));
    }

    /// <summary>By name: what is wrong, and a change that makes it so.</summary>
    public static IReadOnlyDictionary<string, (Func<Upload, bool> Holds, Func<Upload, Upload> Break)> All { get; } = new Dictionary<string, (Func<Upload, bool>, Func<Upload, Upload>)>(StringComparer.Ordinal)
    {
        ["filenames_match"] = (up => up.MetaName == up.Name.Replace(".csv", ".meta.csv", StringComparison.Ordinal), up => up with { MetaName = "other.meta.csv" }),
        ["filename_spaces"] = (up => !up.Name.Contains(' ', StringComparison.Ordinal), up => up with { Name = "a b.csv" }),
        ["filename_special"] = (up => FileName().IsMatch(up.Name), up => up with { Name = "a&b.csv" }),
        ["col_req_data"] = (up => Observed.All(up.Data.Columns.Contains), up => up with { Data = up.Data.Renamed("country_code", "code") }),
        ["col_req_meta"] = (up => MetaColumns.All(up.Meta.Columns.Contains), up => up with { Meta = up.Meta.Renamed("label", "name") }),
        ["col_invalid_meta"] = (up => up.Meta.Columns.All(column => MetaColumns.Contains(column) || column is "filter_default" or "parent_filter"), up => up with { Meta = up.Meta.Renamed("filter_default", "default") }),
        ["col_to_rows"] = (up => up.Data.Columns.Count - 5 >= up.Meta.Rows.Count, up => up with { Meta = up.Meta with { Rows = [.. up.Meta.Rows, .. up.Meta.Rows] } }),
        ["cross_data_to_meta"] = (up => up.Data.Columns.Except(Observed).All(column => up.Meta["col_name"].Contains(column) || up.Groups.Contains(column)), up => up with { Data = up.Data.Renamed("respondents", "people") }),
        ["cross_meta_to_data"] = (up => up.Meta["col_name"].Concat(up.Groups).All(up.Data.Columns.Contains), up => up with { Meta = up.Meta.With("col_name", 0, "gone") }),
        ["filter_not_singular"] = (up => up.Filters.All(filter => up.Data[filter].Distinct().Count() > 1), up => up with { Data = up.Data with { Rows = [.. up.Data.Rows.Take(1)] } }),
        ["geog_level"] = (up => up.Data["geographic_level"].All(level => level == "National"), up => up with { Data = up.Data.With("geographic_level", 0, "Nation") }),
        ["geog_level_completed"] = (up => up.Data["country_code"].Zip(up.Data["country_name"]).All(pair => pair == ("E92000001", "England")), up => up with { Data = up.Data.With("country_code", 0, "") }),
        ["meta_col_name"] = (up => up.Meta["col_name"].All(name => name.Trim().Length > 0), up => up with { Meta = up.Meta.With("col_name", 1, " ") }),
        ["meta_col_type"] = (up => up.Meta["col_type"].All(type => type is "Filter" or "Indicator"), up => up with { Meta = up.Meta.With("col_type", 1, "filter") }),
        ["meta_ob_unit"] = (up => !up.Meta["col_name"].Concat(up.Groups).Any(Observed.Contains), up => up with { Meta = up.Meta.With("col_name", 1, "time_period") }),
        ["time_id_valid"] = (up => up.Data["time_identifier"].All(one => one == "Academic year"), up => up with { Data = up.Data.With("time_identifier", 0, "School year") }),
        ["time_id_mix"] = (up => up.Data["time_identifier"].Distinct().Count() == 1, up => up with { Data = up.Data.With("time_identifier", 0, "Calendar year") }),
        ["time_period_num"] = (up => up.Data["time_period"].All(period => Period().IsMatch(period)), up => up with { Data = up.Data.With("time_period", 0, "2026/27") }),
        ["time_period"] = (up => up.Data["time_period"].All(period => period.Length == 6), up => up with { Data = up.Data.With("time_period", 0, "2026") }),
        ["time_period_six"] = (up => up.Data["time_period"].All(period => period.Length != 6 || (Two(period, 2) + 1) % 100 == Two(period, 4)), up => up with { Data = up.Data.With("time_period", 0, "202628") }),
        ["col_names_spaces"] = (up => !up.Data.Columns.Any(column => column.Contains(' ', StringComparison.Ordinal)), up => up with { Data = up.Data.Renamed("wave", "a wave") }),
        ["col_snake_case"] = (up => up.Data.Columns.All(column => Snake().IsMatch(column)), up => up with { Data = up.Data.Renamed("wave", "Wave") }),
        ["col_var_start"] = (up => up.Data.Columns.All(column => char.IsAsciiLetterLower(column[0])), up => up with { Data = up.Data.Renamed("wave", "1wave") }),
        ["filter_blanks"] = (up => up.Filters.Concat(up.Groups).All(filter => up.Data[filter].All(item => item.Length > 0)), up => up with { Data = up.Data.With("wave", 0, "") }),
        ["filter_defaults"] = (up => up.OfFilters("filter_default").All(filter => up.Data[filter.Name].Contains(filter.Value.Length == 0 ? "Total" : filter.Value)), up => up with { Meta = up.Meta.With("filter_default", 0, "Total") }),
        ["filter_group_level"] = (up => up.OfFilters("filter_grouping_column").Where(filter => filter.Value.Length > 0).All(filter => up.Data[filter.Name].Distinct().Count() >= up.Data[filter.Value].Distinct().Count()), up => up with { Meta = up.Meta.With("filter_grouping_column", 2, "figure") }),
        ["meta_fil_grp_is_fil"] = (up => up.Groups.All(up.Filters.Contains), up => up with { Meta = up.Meta.With("filter_grouping_column", 1, "respondents") }),
        ["meta_fil_grp"] = (up => up.OfIndicators("filter_grouping_column").All(one => one.Value.Length == 0), up => up with { Meta = up.Meta.With("filter_grouping_column", 5, "reading") }),
        ["filter_item_limit"] = (up => up.Filters.All(filter => up.Data[filter].Distinct().Count() <= 25_000), up => up with { Data = up.Data with { Rows = [.. Enumerable.Range(0, 25_001).Select(i => up.Data.Rows[0].Select((cell, at) => up.Data.Columns[at] == "figure" ? $"{i}" : cell).ToList())] } }),
        ["filter_whitespace"] = (up => up.Filters.All(filter => up.Data[filter].All(item => item.Trim() == item)), up => up with { Data = up.Data.With("wave", 0, "Total ") }),
        ["general_dupes"] = (up => up.Data.Rows.Select(row => string.Join('\n', row.Where((_, at) => Observed.Contains(up.Data.Columns[at]) || up.Filters.Contains(up.Data.Columns[at])))).Distinct().Count() == up.Data.Rows.Count, up => up with { Data = up.Data with { Rows = [.. up.Data.Rows, up.Data.Rows[0]] } }),
        ["general_null"] = (up => !up.Data.Rows.Concat(up.Meta.Rows).Any(row => row.Any(cell => cell is "NULL" or "Null" or "null" or "NA" or "na" or "N/A" or "n/a" or "." or ".." or "-")), up => up with { Data = up.Data.With("percentage", 0, "NA") }),
        ["ind_invalid_entry"] = (up => up.Indicators.All(indicator => up.Data[indicator].All(cell => cell is not ("" or ":" or "~"))), up => up with { Data = up.Data.With("percentage", 0, "") }),
        ["meta_col_name_dupe"] = (up => up.Meta["col_name"].Distinct().Count() == up.Meta.Rows.Count, up => up with { Meta = up.Meta.With("col_name", 0, "figure") }),
        ["meta_dupe_label"] = (up => up.Meta["label"].Distinct().Count() == up.Meta.Rows.Count, up => up with { Meta = up.Meta.With("label", 1, up.Meta["label"].First()) }),
        ["meta_label"] = (up => up.Meta["label"].All(label => label.Trim().Length > 0), up => up with { Meta = up.Meta.With("label", 1, "") }),
        ["meta_filter_hint"] = (up => up.OfIndicators("filter_hint").All(one => one.Value.Length == 0), up => up with { Meta = up.Meta.With("filter_hint", 5, "choose") }),
        ["meta_indicator_grouping"] = (up => up.OfFilters("indicator_grouping").All(one => one.Value.Length == 0), up => up with { Meta = up.Meta.With("indicator_grouping", 0, "Figures") }),
        ["meta_ind_unit"] = (up => up.OfFilters("indicator_unit").All(one => one.Value.Length == 0), up => up with { Meta = up.Meta.With("indicator_unit", 0, "%") }),
        ["meta_ind_unit_validation"] = (up => up.OfIndicators("indicator_unit").All(one => one.Value is "" or "%" or "pp" or "£" or "£m" or "numberstring"), up => up with { Meta = up.Meta.With("indicator_unit", 5, "percent") }),
        ["meta_ind_dp_set"] = (up => up.OfIndicators("indicator_dp").All(one => one.Value.Length > 0), up => up with { Meta = up.Meta.With("indicator_dp", 5, "") }),
        ["meta_ind_dp_values"] = (up => up.Meta["indicator_dp"].All(places => places.Length == 0 || (int.TryParse(places, CultureInfo.InvariantCulture, out var number) && number >= 0)), up => up with { Meta = up.Meta.With("indicator_dp", 5, "1.5") }),
        ["col_ind_smushed"] = (up => up.Indicators.All(name => !Smushed().IsMatch(name)), up => up with { Meta = up.Meta.With("col_name", 5, "female_percentage") }),
        ["col_var_characteristic"] = (up => !up.Meta["col_name"].Any(name => name.StartsWith("characteristic", StringComparison.Ordinal)), up => up with { Meta = up.Meta.With("col_name", 1, "characteristic") }),
        ["filter_ob_total"] = (up => !up.Data.Columns.Except(Observed).Any(PotentialUnit().IsMatch), up => up with { Data = up.Data.Renamed("respondent_schools", "schools") }),
        ["api_char_limit"] = (up => up.Data.Columns.All(column => column.Length <= 50) && up.Meta["label"].All(label => label.Length <= 100) && up.Filters.Concat(up.Groups).All(filter => up.Data[filter].All(item => item.Length <= 120)), up => up with { Data = up.Data.With("wave", 0, new string('w', 121)) }),
        ["guide_complete_matrix"] = (IsComplete, up => up with { Data = up.Data.Without(7) }),
        ["guide_symbols"] = (up => up.Indicators.All(indicator => up.Data[indicator].All(cell => cell is "z" or "x" or "c" or "low" or "u" || Number().IsMatch(cell))), up => up with { Data = up.Data.With("percentage", 0, "76%") }),
        ["guide_interval_beside"] = (up => up.Indicators.Where(name => name.EndsWith("_lower_ci", StringComparison.Ordinal)).All(name => up.Indicators.Contains(name.Replace("lower", "upper", StringComparison.Ordinal)) && up.Indicators.Contains(name.Replace("_lower_ci", "", StringComparison.Ordinal))), up => up with { Meta = up.Meta.With("col_name", 5, "other") }),
    };

    private static int Two(string period, int at) => int.Parse(period.AsSpan(at, 2), CultureInfo.InvariantCulture);

    /// <summary>Every item of each filter with every item of the others, in every period; what only groups another's items follows from it.</summary>
    private static bool IsComplete(Upload up)
    {
        var dimensions = up.Filters.Except(up.Groups).Append("time_period").Where(up.Data.Columns.Contains).ToList();
        return up.Data.Rows.Count == dimensions.Aggregate(1, (product, dimension) => product * up.Data[dimension].Distinct().Count());
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]+(\.meta)?\.csv$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"^\d{4}(\d{2})?$")]
    private static partial Regex Period();

    [GeneratedRegex("^[a-z0-9_]+$")]
    private static partial Regex Snake();

    [GeneratedRegex(@"^-?\d+(\.\d{1,3})?$")]
    private static partial Regex Number();

    [GeneratedRegex("male|female|asian|chinese|indian|pakistani|bangladeshi|black|african|caribbean|white|roma|irish|english|british|scottish|welsh|northern irish|arab")]
    private static partial Regex Smushed();

    [GeneratedRegex("(^(country|sch|prov|inst|estab|reg|la|local|rsc|pfa|pcon|lep|mca|oa|ward|mat).*(name|code|urn|ukprn|number|upin|id)$)|(^(laestab|estab|sch|school|schools|prov|provider|providers|inst|institution|institutions|name|code|urn|ukprn|number|upin|id|region|la|lad|rsc|pcon|lep|mca|oa|ward|mat)$)")]
    private static partial Regex PotentialUnit();
}
