using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>No number stands alone: each says how it was made, in the internal document and in public.</summary>
public sealed class MethodTests
{
    [Fact]
    public void Every_figure_names_its_method()
    {
        var policy = new DisclosurePolicy();
        Evidence[] evidences = [Evidences.Leaders(), Evidences.Teachers(), Evidences.Waves(), Evidences.Organisations()];
        var targets = Catalogue.Current.Readings().ToDictionary(entry => entry.Reading.Id, entry => entry.Reading.Undecided is null ? entry.Reading.Target ?? entry.Kpi.Target : null);
        var within = evidences.SelectMany(evidence => Evidences.Evaluated(evidence, policy)).ToList();
        // Also as they are where everything that can be withheld is.
        var results = within
            .Concat(within.Select(result => PublicFigures.Of(result, targets[result.Reading], policy)))
            .Concat(within.Select(result => PublicFigures.Of(result, targets[result.Reading], policy with { MinRespondents = 100_000 })))
            .ToList();
        var names = results.SelectMany(result => result.Figures).Where(figure => figure.Value is not null || figure.PValue is not null).Select(figure => figure.Name).ToHashSet();
        Assert.Superset(new HashSet<string> { "rose", "unchanged", "fell", "median-change", "organisations", "pairs", "published-2016", "difference-of-means", "trend", "since-previous", "schools" }, names);
        Assert.Empty(
            from result in results
            from figure in result.Figures
            where (figure.Value is not null || figure.PValue is not null) && string.IsNullOrEmpty(figure.Method)
            select $"{result.Reading} {result.Wave} {figure.Name}");
    }
}
