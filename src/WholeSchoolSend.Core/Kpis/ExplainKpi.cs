using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>
/// Everything a KPI rests on, so that each of its figures can be worked again by hand. For operators only: its totals are of single schools, under numbers in
/// place of their names.
/// </summary>
/// <param name="Inputs">SHA-256 over everything the evaluation read: the same as in the internal document when that is up to date.</param>
/// <param name="Notes">what the wording leaves open, and what was decided.</param>
/// <param name="DuplicateOf">the KPI it repeats word for word: the evidence is there, and there are no readings here.</param>
/// <param name="Script">R (with its package survey) that holds the totals and works the readings again from them; it prints one line for each figure.</param>
public sealed record KpiEvidence(
    string Kpi, string Wording, string TargetWording, IReadOnlyList<string> Notes, string? DuplicateOf, string Catalogue, string Inputs, IReadOnlyList<ReadingEvidence> Readings,
    string Script);

/// <summary>Where answers came from.</summary>
/// <param name="Name"><c>webhooks</c>, or the supplier and the instrument of a file.</param>
/// <param name="File">name of the file that counts; null of what webhooks brought.</param>
/// <param name="ContentHash">SHA-256 of that file.</param>
/// <param name="Instruments">what mapped the answers: of a file the version it was imported by, of forms the newest, by which what is stored is mapped again.</param>
/// <param name="RowsLeftOut">rows of the file that count nowhere, by reason.</param>
/// <param name="AnswersLeftOut">answers to the reading's question, in the rows that count, that were left out before they were stored, by reason.</param>
public sealed record SourceEvidence(
    string Name, string? File, string? ContentHash, IReadOnlyList<MappedBy> Instruments, IReadOnlyDictionary<string, int>? RowsLeftOut, IReadOnlyDictionary<string, int>? AnswersLeftOut);

/// <summary>An instrument and what it maps.</summary>
public sealed record MappedBy(string Instrument, int Version, string Maps);

/// <summary>One result of a reading with what it was made of.</summary>
/// <param name="Target">what it is held against; null where it is not decided on.</param>
/// <param name="Sources">where its answers came from.</param>
/// <param name="Outside">answers to its question, of those in its roles, that are outside its base, by code; of shares and means those of engaged schools.</param>
/// <param name="OtherRoles">answers to the same question by roles the reading does not count.</param>
public sealed record ReadingEvidence(
    string Reading, string Title, Target? Target, ReadingResult Result, IReadOnlyList<SourceEvidence> Sources, IReadOnlyDictionary<string, int> Outside, int OtherRoles);

/// <summary>Explains a KPI: the numbers, the methods, and a script that works them again.</summary>
public sealed class ExplainKpi(EvidenceReader reader, IInstruments instruments, Catalogue catalogue, DisclosurePolicy policy)
{
    /// <summary>The evidence of a KPI as it stands now, or a problem when the catalogue has no such KPI.</summary>
    public async Task<Checked<KpiEvidence>> RunAsync(string id, CancellationToken cancellation)
    {
        if (catalogue.Kpis.FirstOrDefault(one => one.Id == id) is not { } kpi)
            return Problems.NotFound.At("", $"should be one of {string.Join(", ", catalogue.Kpis.Select(one => one.Id))}");
        var evidence = await reader.ReadAsync(cancellation);
        var all = await instruments.AllAsync(cancellation);
        return Explain(kpi, evidence, all);
    }

    /// <summary>The same from evidence at hand.</summary>
    public KpiEvidence Explain(Kpi kpi, Evidence evidence, IReadOnlyList<Instrument> all)
    {
        var samples = new Samples(catalogue, evidence);
        var results = Evaluation.Results(catalogue, evidence, policy).Where(result => result.Kpi == kpi.Id).ToList();
        var readings = kpi.Readings
            .SelectMany(reading => results.Where(result => result.Reading == reading.Id).Select(result => Explain(kpi, reading, result, samples, SourcesOf(reading.Measure, result.Wave, evidence, all))))
            .ToList();
        return new KpiEvidence(
            kpi.Id, kpi.Wording, kpi.TargetWording, kpi.Notes, kpi.DuplicateOf, catalogue.Version, evidence.Inputs, readings, new RScript(catalogue, samples, policy).Of(kpi, results));
    }

    /// <summary>What a result was made of: the sources of its wave; of examples, which are counted over all waves, those of each.</summary>
    private static List<SourceEvidence> SourcesOf(Measure measure, string? wave, Evidence evidence, IReadOnlyList<Instrument> all)
    {
        if (measure.CollectionOf is not { } collection) return [];
        var waves = evidence.Waves.Select(known => known.Id).Where(known => wave is null || known == wave).ToHashSet(StringComparer.Ordinal);
        return evidence.Sources
            .Where(source => source.Collection == collection && source.Totals.Any(totals => waves.Contains(totals.Wave)))
            .Select(source => source.Import is { } import
                ? new SourceEvidence(
                    source.Name, import.File, import.ContentHash, [new MappedBy(import.Unit.Instrument, import.InstrumentVersion, $"file {import.File} of {import.Unit.Supplier}")],
                    Reasons(import, null), measure.IndicatorOf is { } indicator ? Reasons(import, indicator) : null)
                : new SourceEvidence(
                    source.Name, null, null,
                    [
                        .. all.Where(instrument => instrument.Collection == collection && instrument.Form is not null).OrderBy(instrument => instrument.Id, StringComparer.Ordinal)
                            .Select(instrument => new MappedBy(instrument.Id, instrument.Version, $"form {instrument.Form!.Id} of {instrument.Form.Source}")),
                    ],
                    null, null))
            .ToList();
    }

    /// <summary>What the file has left out, of rows or of answers to one question; null where it was not kept.</summary>
    private static Dictionary<string, int>? Reasons(ActiveImport import, string? indicator) => import.LeftOut?.Counts
        .Where(count => count.Indicator == indicator)
        .GroupBy(count => count.Reason, StringComparer.Ordinal)
        .ToDictionary(reason => reason.Key, reason => reason.Sum(count => count.N), StringComparer.Ordinal);

    private ReadingEvidence Explain(Kpi kpi, Reading reading, ReadingResult result, Samples samples, List<SourceEvidence> sources)
    {
        var sample = reading.Measure.CollectionOf is { } collection ? samples.Of(collection).FirstOrDefault(one => one.Wave.Id == result.Wave).Sample : null;
        var outside = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var others = 0;
        foreach (var (totals, engaged, _, _) in sample?.Schools ?? [])
            foreach (var cell in totals.Cells.Where(cell => reading.Measure.Asks(cell)))
            {
                // Panels and changes are of everybody who was asked; shares and means of engaged schools.
                if (!engaged && reading.Measure is Share or MixedShare or Score) continue;
                if (!reading.Measure.CountsRole(cell.Role)) others += cell.N;
                else if (!reading.Measure.Takes(cell.Code, catalogue)) outside[cell.Code] = outside.GetValueOrDefault(cell.Code) + cell.N;
            }
        return new ReadingEvidence(
            reading.Id, reading.Title, reading.Undecided is null ? reading.Target ?? kpi.Target : null, result, sources, outside, others);
    }
}

/// <summary>
/// Writes R that works the readings of a KPI again from school totals, with R's package survey: an implementation that is not ours.
/// </summary>
/// <remarks>
/// The Taylor variance of a share or mean depends on the sums of each school only (Binder 1983), so a row for each cell that carries the cell's sum of weights
/// gives survey the same design as a row for each respondent would.
/// </remarks>
internal sealed class RScript(Catalogue catalogue, Samples samples, DisclosurePolicy policy)
{
    private const string Functions = """
        suppressMessages(library(survey))
        options(survey.lonely.psu = "adjust", digits = 17)
        said <- function(reading, wave, figure, value, lower = NA, upper = NA, se = NA, df = NA, p = NA)
          cat(sprintf("%s\t%s\t%s\t%.15g\t%.15g\t%.15g\t%.15g\t%.15g\t%.15g\n", reading, wave, figure, value, lower, upper, se, df, p))

        # Rows: one for each cell (school, stage, role, indicator, code) with its respondents n, sum of weights w and sum of squared weights q,
        # and one for each school that only holds its place (code "").
        domain <- function(totals, stages, indicator, roles, valid, score) {
          counts <- totals$indicator == indicator & totals$stage %in% stages & totals$code %in% valid & (is.null(roles) | totals$role %in% roles)
          totals$counts <- counts
          totals$y <- ifelse(counts, score[match(totals$code, names(score))], 0)
          totals$y[is.na(totals$y)] <- 0
          totals$w[!counts] <- 1
          svydesign(ids = ~school, strata = ~stratum, weights = ~w, data = totals, nest = TRUE)
        }
        limits <- function(p, se, df, n) {             # Korn-Graubard, effective size capped at n
          if (df < 1) return(c(NA, NA))
          ne <- if (se > 0 && p > 0 && p < 1) min(n, p * (1 - p) / se^2 * (qt(.975, n - 1) / qt(.975, df))^2) else n
          c(if (p <= 0) 0 else qbeta(.025, ne * p, ne * (1 - p) + 1), if (p >= 1) 1 else qbeta(.975, ne * p + 1, ne * (1 - p)))
        }
        wilson <- function(p, se, df, n) {
          ne <- if (se > 0 && p > 0 && p < 1) p * (1 - p) / se^2 else n
          t <- qt(.975, df); k <- 1 + t^2 / ne
          ((p + t^2 / (2 * ne)) + c(-1, 1) * t * sqrt(p * (1 - p) / ne + t^2 / (4 * ne^2))) / k
        }
        share <- function(d, arm) {
          s <- subset(d, counts & (arm == "" | group == arm))
          if (nrow(s$variables) == 0) return(NULL)
          m <- svymean(~y, s)
          list(p = as.numeric(coef(m)), se = as.numeric(SE(m)), df = degf(s), n = sum(s$variables$n))
        }
        shares <- function(reading, wave, totals, stage, indicator, roles, success, valid, published = NA) {
          d <- domain(totals, stage, indicator, roles, valid, setNames(as.numeric(valid %in% success), valid))
          a <- share(d, "engaged"); b <- share(d, "wider")
          for (x in list(list("engaged", a), list("wider", b))) if (!is.null(x[[2]])) {
            e <- x[[2]]; ci <- limits(e$p, e$se, e$df, e$n)
            said(reading, wave, x[[1]], 100 * e$p, 100 * ci[1], 100 * ci[2], 100 * e$se, e$df)
          }
          if (length(roles) > 1 && !is.null(a)) for (role in roles) {
            part <- d$variables[d$variables$counts & d$variables$group == "engaged", ]
            said(reading, wave, paste0("mix-", role), 100 * sum(part$w[part$role == role]) / sum(part$w))
          }
          if (!is.null(a) && a$df >= 1 && a$se > 0 && !is.na(published))
            said(reading, wave, "published-2016", 100 * published, df = a$df, p = 2 * pt(-abs((a$p - published) / a$se), a$df))
          if (is.null(a) || is.null(b) || a$df < 1 || b$df < 1) return(invisible())
          if (min(a$p, b$p) > 0 && max(a$p, b$p) < 1) {
            f <- svychisq(~y + group, subset(d, counts), statistic = "F")
            said(reading, wave, "rao-scott", f$statistic, df = f$parameter[["ddf"]], p = f$p.value)
          }
          se <- sqrt(a$se^2 + b$se^2)                  # the groups share no school
          df <- se^4 / (a$se^4 / a$df + b$se^4 / b$df)
          wa <- wilson(a$p, a$se, a$df, a$n); wb <- wilson(b$p, b$se, b$df, b$n)
          said(reading, wave, "difference", 100 * (a$p - b$p), 100 * (a$p - b$p - sqrt((a$p - wa[1])^2 + (wb[2] - b$p)^2)),
            100 * (a$p - b$p + sqrt((wa[2] - a$p)^2 + (b$p - wb[1])^2)), 100 * se, df, 2 * pt(-abs((a$p - b$p) / se), df))
        }
        mixed <- function(reading, wave, totals, stage, indicator, success, valid, parts, mix) { # roles at a fixed mix
          part <- setNames(rep(seq_along(parts), lengths(parts)), unlist(parts))
          d <- domain(totals, stage, indicator, names(part), valid, setNames(as.numeric(valid %in% success), valid))
          d <- update(d, part = part[role])
          for (arm in c("engaged", "wider")) {
            s <- subset(d, counts & group == arm)
            if (length(unique(s$variables$part)) < length(parts)) next
            b <- svyby(~y, ~part, s, svymean, covmat = TRUE)
            p <- sum(mix * coef(b)); se <- sqrt(as.numeric(mix %*% vcov(b) %*% mix)); df <- degf(s); ci <- limits(p, se, df, sum(s$variables$n))
            said(reading, wave, arm, 100 * p, 100 * ci[1], 100 * ci[2], 100 * se, df)
          }
        }
        means <- function(reading, wave, totals, stage, indicator, roles, score) {
          d <- domain(totals, stage, indicator, roles, names(score), score)
          a <- share(d, "engaged"); b <- share(d, "wider")
          for (x in list(list("engaged-mean", a), list("wider-mean", b))) if (!is.null(x[[2]])) {
            e <- x[[2]]; said(reading, wave, x[[1]], e$p, e$p - qt(.975, e$df) * e$se, e$p + qt(.975, e$df) * e$se, e$se, e$df)
          }
          if (is.null(a) || is.null(b) || a$df < 1 || b$df < 1) return(invisible())
          v <- a$p - b$p; se <- sqrt(a$se^2 + b$se^2); df <- se^4 / (a$se^4 / a$df + b$se^4 / b$df)
          said(reading, wave, "difference-of-means", v, v - qt(.975, df) * se, v + qt(.975, df) * se, se, df, 2 * pt(-abs(v / se), df))
        }
        waves <- function(reading, at, before, stack, times, stage, indicator, roles, success, valid) { # engaged schools through waves: one design
          d <- domain(stack[stack$wave %in% names(times) & stack$group == "engaged", ], stage, indicator, roles, valid, setNames(as.numeric(valid %in% success), valid))
          d$variables$time <- times[d$variables$wave] - mean(times)
          two <- subset(d, counts & wave %in% c(before, at))
          a <- share(subset(two, wave == at), ""); b <- share(subset(two, wave == before), "")
          v <- vcov(svyby(~y, ~wave, two, svymean, covmat = TRUE)); C <- v[at, before]; r <- if (a$se > 0 && b$se > 0) C / (a$se * b$se) else 0
          shared <- with(two$variables, length(intersect(school[wave == at], school[wave == before])))
          se <- sqrt(a$se^2 + b$se^2 - 2 * C); df <- if (shared > 0) degf(two) else se^4 / (a$se^4 / a$df + b$se^4 / b$df)
          x <- a$p - b$p; wa <- wilson(a$p, a$se, a$df, a$n); wb <- wilson(b$p, b$se, b$df, b$n)
          mover <- function(one, other) sqrt(one^2 - 2 * r * one * other + other^2)
          said(reading, at, "since-previous", 100 * x, 100 * (x - mover(a$p - wa[1], wb[2] - b$p)), 100 * (x + mover(wa[2] - a$p, b$p - wb[1])), 100 * se, df, 2 * pt(-abs(x / se), df))
          if (length(times) < 3) return(invisible())
          s <- subset(d, counts); line <- svyglm(y ~ time, s); x <- coef(line)[["time"]]; se <- SE(line)[["time"]]; df <- degf(s) - 1
          said(reading, at, "trend", 100 * x, 100 * (x - qt(.975, df) * se), 100 * (x + qt(.975, df) * se), 100 * se, df, 2 * pt(-abs(x / se), df))
        }
        change <- function(reading, wave, totals, indicator, success, valid, score, points, target = NA) {
          scaled <- max(score) > 1                     # a mean from 0 to 100, in place of a share
          levels <- if (scaled) domain(totals, c("pre", "post"), indicator, NULL, names(score), score) else
            domain(totals, c("pre", "post"), indicator, NULL, valid, setNames(as.numeric(valid %in% success), valid))
          for (at in c("pre", "post")) {
            e <- share(subset(levels, stage == at), "")
            if (scaled) { if (!is.null(e)) said(reading, wave, at, e$p) } else if (!is.null(e)) { ci <- limits(e$p, e$se, e$df, e$n); said(reading, wave, at, 100 * e$p, 100 * ci[1], 100 * ci[2], 100 * e$se, e$df) }
          }
          d <- subset(domain(totals, c("pre", "post"), indicator, NULL, names(score), score), counts)
          if (length(unique(d$variables$stage)) < 2) return(invisible())
          b <- svyby(~y, ~stage, d, svymean, covmat = TRUE); v <- vcov(b); df <- degf(d)
          post <- coef(b)[["post"]]; pre <- coef(b)[["pre"]]
          if (points) {
            se <- sqrt(v["post", "post"] + v["pre", "pre"] - 2 * v["post", "pre"])
            said(reading, wave, "change", 100 * (post - pre), 100 * (post - pre - qt(.975, df) * se), 100 * (post - pre + qt(.975, df) * se), 100 * se, df, 2 * pt(-abs((post - pre) / se), df))
          } else if (pre > 0 && post > 0) {
            se <- sqrt(v["post", "post"] / post^2 + v["pre", "pre"] / pre^2 - 2 * v["post", "pre"] / (post * pre))
            said(reading, wave, "change", 100 * (post / pre - 1), 100 * (post / pre * exp(-qt(.975, df) * se) - 1), 100 * (post / pre * exp(qt(.975, df) * se) - 1), NA, df, 2 * pt(-abs(log(post / pre) / se), df))
          }
          if (is.na(target)) return(invisible())
          k <- if (points) 1 else 1 + target; e <- post - k * pre - if (points) target else 0     # one-sided, above the target (relative: Fieller's contrast)
          se <- sqrt(v["post", "post"] + k^2 * v["pre", "pre"] - 2 * k * v["post", "pre"])
          said(reading, wave, "against-target", 100 * e, se = 100 * se, df = df, p = pt(-e / se, df))
        }
        matched <- function(reading, wave, totals, pairs, indicator, success, valid, score) { # people who answered both times
          p <- pairs[pairs$indicator == indicator & pairs$before %in% valid & pairs$after %in% valid, ]
          m <- sum(p$n); said(reading, wave, "pairs", m)
          if (m == 0) return(invisible())
          yes <- function(codes) as.numeric(codes %in% success)
          before <- sum(p$n * yes(p$before)); after <- sum(p$n * yes(p$after)); p$y <- yes(p$after) - yes(p$before)
          said(reading, wave, "pre", 100 * before / m); said(reading, wave, "post", 100 * after / m)
          place <- unique(totals[, c("stratum", "school")])
          d <- svydesign(ids = ~school, strata = ~stratum, weights = ~w, nest = TRUE, data = rbind(
            data.frame(place, w = 1, y = 0, counts = FALSE), data.frame(p[, c("stratum", "school", "w", "y")], counts = TRUE)))
          s <- subset(d, counts); e <- svymean(~y, s); df <- degf(s); v <- as.numeric(coef(e)); se <- as.numeric(SE(e))
          said(reading, wave, "change", 100 * v, 100 * (v - qt(.975, df) * se), 100 * (v + qt(.975, df) * se), 100 * se, df, 2 * pt(-abs(v / se), df))
          k <- tapply(p$n * p$y, p$school, sum); x <- (length(k) - 1) / length(k) * sum(k)^2 / sum(k^2)   # Obuchowski 1998
          said(reading, wave, "mcnemar-clustered", x, df = 1, p = pchisq(x, 1, lower.tail = FALSE))
          up <- sum(p$n[p$y > 0]); down <- sum(p$n[p$y < 0])
          said(reading, wave, "mcnemar-exact", NA, p = if (up + down == 0) 1 else binom.test(up, up + down)$p.value)
          q <- p[p$before %in% names(score) & p$after %in% names(score), ]
          x <- rep(score[q$after] - score[q$before], q$n); school <- rep(q$school, q$n)
          r <- sign(x); r[x != 0] <- r[x != 0] * rank(abs(x[x != 0])); k <- tapply(r, school, sum); z <- sum(k) / sqrt(sum(k^2))   # Rosner, Glynn, Lee 2006
          said(reading, wave, "signed-rank-clustered", z, p = 2 * pnorm(-abs(z)))
          t <- t.test(x); said(reading, wave, "mean-change", mean(x), t$conf.int[1], t$conf.int[2], t$stderr, t$parameter, t$p.value)
          once <- function(stage) { s <- totals[totals$indicator == indicator & totals$stage == stage & totals$code %in% valid, ]; c(sum(s$n), sum(s$n * yes(s$code))) }
          pre <- once("pre"); post <- once("post")
          said(reading, wave, "unmatched-pre", 100 * (pre[1] - m) / pre[1]); said(reading, wave, "unmatched-post", 100 * (post[1] - m) / post[1])
          said(reading, wave, "stayers-pre", 100 * before / m)
          if (pre[1] > m) said(reading, wave, "leavers-pre", 100 * (pre[2] - before) / (pre[1] - m))
        }
        panel <- function(reading, wave, totals, indicator, score) { # organisations are their own respondents: their cells say what they were coded as
          t <- totals[totals$indicator == indicator & totals$code %in% names(score), ]
          coded <- function(stage) { s <- t[t$stage == stage, ]; tapply(score[s$code], s$school, function(codes) codes[1]) }
          pre <- coded("pre"); post <- coded("post"); both <- intersect(names(pre), names(post))
          if (length(both) == 0) return(invisible())
          differences <- as.numeric(post[both] - pre[both]); x <- differences[differences != 0]; n <- length(x)
          r <- 2 * rank(abs(x)); ways <- 1           # exact signed rank over all ways the signs could have fallen
          for (k in r) { more <- numeric(length(ways) + k); more[seq_along(ways)] <- ways / 2; at <- seq_along(ways) + k; more[at] <- more[at] + ways / 2; ways <- more }
          up <- sum(r[x > 0]); least <- min(up, sum(r) - up)
          said(reading, wave, "organisations", length(both)); said(reading, wave, "unchanged", sum(differences == 0))
          said(reading, wave, "rose", sum(x > 0)); said(reading, wave, "fell", sum(x < 0)); said(reading, wave, "median-change", median(differences))
          said(reading, wave, "signed-rank", NA, p = if (n == 0) 1 else min(1, 2 * sum(ways[seq_len(least + 1)])))
          said(reading, wave, "sign-test", NA, p = if (n == 0) 1 else binom.test(sum(x > 0), n)$p.value)
        }
        organisations <- function(reading, wave, totals, indicator, success, valid) { # of each what it was coded as last
          t <- totals[totals$indicator == indicator, ]
          t <- t[order(match(t$stage, c("pre", "single", "post"))), ]
          last <- tapply(t$code, t$school, function(codes) codes[length(codes)]); last <- last[last %in% valid]
          if (length(last) == 0) return(invisible())
          said(reading, wave, "count", sum(last %in% success)); said(reading, wave, "organisations", length(last))
        }
        examples <- function(reading, totals, indicator, success)
          said(reading, "all", "responses", sum(totals$n[totals$indicator == indicator & totals$code %in% success]))

        """;

    public string Of(Kpi kpi, IReadOnlyList<ReadingResult> results)
    {
        var script = new StringBuilder();
        Line($"# {kpi.Id}: works its readings again from school totals. Run with Rscript; needs the package survey. Columns: reading, wave, figure, value, lower, upper, se, df, p.");
        Line("# Left out: the wider arm at the engaged schools' mix of phases (the totals here hold no phases), differences from a 2016 figure on an assumed base, and adjusted p-values.");
        if (kpi.DuplicateOf is { } other) Line($"# It repeats {other} word for word: ask for the evidence of that.");
        script.Append(Functions.ReplaceLineEndings("\n"));
        foreach (var collection in kpi.Readings.Select(reading => reading.Measure.CollectionOf).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            // Examples are counted over all waves: their totals are kept together as they are read.
            var examples = kpi.Readings.Where(reading => reading.Measure is Responses counted && counted.Collection == collection && results.Any(result => result.Reading == reading.Id && result.Figures.Count > 0)).ToList();
            if (examples.Count > 0) Line("seen <- NULL");
            Line("stack <- NULL");
            var numbers = new Numbers();
            foreach (var (wave, sample) in samples.Of(collection).Where(one => one.Sample.HasSchools))
            {
                if (!samples.IsCombinable(collection, sample))
                {
                    Line($"# {wave.Id}: its evidence comes from {string.Join(" and ", sample.SourceNames)}, which are not combined. There is no figure to work again.");
                    continue;
                }
                var indicators = kpi.Readings.Select(reading => reading.Measure.IndicatorOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
                Line($"totals <- read.csv(text = \"stratum,school,group,stage,role,indicator,code,n,w,q");
                foreach (var row in Rows(sample, indicators, numbers)) Line(row);
                Line($"\", colClasses = c(rep(\"character\", 7), rep(\"numeric\", 3)), na.strings = NULL)");
                if (kpi.Readings.Any(reading => reading.Measure is MatchedChange))
                {
                    Line("pairs <- read.csv(text = \"stratum,school,indicator,before,after,n,w,q");
                    foreach (var row in Pairs(sample, indicators, numbers)) Line(row);
                    Line("\", colClasses = c(rep(\"character\", 5), rep(\"numeric\", 3)), na.strings = NULL)");
                }
                if (kpi.Readings.Any(reading => reading.Measure is Share)) Line($"stack <- rbind(stack, cbind(totals, wave = {Quoted(wave.Id)}))");
                foreach (var reading in kpi.Readings.Where(reading => reading.Measure.CollectionOf == collection))
                {
                    if (results.FirstOrDefault(result => result.Reading == reading.Id && result.Wave == wave.Id) is not { } result) continue;
                    // What waits for somebody to put its evidence in order has no figure that stands.
                    if (result.IsHeld || result.Figures.Count == 0) Line($"# {reading.Id}, {wave.Id}: {(result.IsHeld ? "held" : "no figure")}{(result.Reason is { } reason ? $", {reason}" : "")}.");
                    else
                    {
                        if (Call(kpi, reading, wave.Id) is { } call) Line(call);
                        if (Waves(reading, result, wave, collection) is { } through) Line(through);
                    }
                }
                if (examples.Count > 0) Line("seen <- rbind(seen, totals)");
            }
            foreach (var reading in examples)
                if (reading.Measure is Responses counted) Line($"examples({Quoted(reading.Id)}, seen, {Quoted(counted.Indicator)}, {Vector(counted.Success)})");
        }
        return script.ToString();

        void Line(string text) => script.Append(text).Append('\n');
    }

    private string? Call(Kpi kpi, Reading reading, string wave)
    {
        var at = $"{Quoted(reading.Id)}, {Quoted(wave)}";
        return reading.Measure switch
        {
            Share share => $"shares({at}, totals, {Quoted(share.Stage)}, {Quoted(share.Indicator)}, {Vector(share.Roles)}, {Vector(share.Success)}, {Vector(share.Valid)}{Published(share)})",
            MixedShare mixed => $"mixed({at}, totals, {Quoted(mixed.Stage)}, {Quoted(mixed.Indicator)}, {Vector(mixed.Success)}, {Vector(mixed.Valid)}, "
                + $"list({string.Join(", ", mixed.Parts.Select(part => Vector(part.Roles)))}), c({string.Join(", ", mixed.Parts.Select(part => Number(part.Part)))}))",
            Score score => $"means({at}, totals, {Quoted(score.Stage)}, {Quoted(score.Indicator)}, {Vector(score.Roles)}, {Scores(score.Indicator, 0, 1)})",
            Change change => $"change({at}, totals, {Quoted(change.Indicator)}, {Vector(change.Success)}, {Vector(change.Valid)}, "
                + (change.Scale == ChangeScale.RelativeMean ? $"{Rescaled(change.Indicator)}, FALSE)"
                    : $"setNames(as.numeric({Vector(change.Valid)} %in% {Vector(change.Success)}), {Vector(change.Valid)}), {(change.Scale == ChangeScale.Points ? "TRUE" : "FALSE")}{Target(kpi, reading)})"),
            MatchedChange change => $"matched({at}, totals, pairs, {Quoted(change.Indicator)}, {Vector(change.Success)}, {Vector(change.Valid)}, {Scores(change.Indicator, 0, 1)})",
            PanelChange panel => $"panel({at}, totals, {Quoted(panel.Indicator)}, {Scores(panel.Indicator, 0, 1)})",
            PanelCount panel => $"organisations({at}, totals, {Quoted(panel.Indicator)}, {Vector(panel.Success)}, {Vector(panel.Valid)})",
            // Joined readings follow from those they join.
            _ => null,
        };
    }

    /// <summary>The change since the wave before and the line through the waves, where the result has them.</summary>
    private string? Waves(Reading reading, ReadingResult result, WaveState wave, string collection)
    {
        if (reading.Measure is not Share share || result.Figures.FirstOrDefault(figure => figure.Name == "since-previous") is not { Source: { } before }) return null;
        var index = samples.Of(collection).ToList().FindIndex(one => one.Wave.Id == wave.Id);
        var times = WaveTrend.Stacked(share, wave, samples.Comparable(share, collection, index), policy).Select(one => one.Wave).Append(wave).Select(one => $"{Quoted(one.Id)} = {Number(WaveTrend.Years(one))}");
        return $"waves({Quoted(reading.Id)}, {Quoted(wave.Id)}, {Quoted(before)}, stack, c({string.Join(", ", times)}), "
            + $"{Quoted(share.Stage)}, {Quoted(share.Indicator)}, {Vector(share.Roles)}, {Vector(share.Success)}, {Vector(share.Valid)})";
    }

    /// <summary>Numbers in place of schools' names: the same school has the same in every wave of a collection.</summary>
    private sealed class Numbers
    {
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

        public int Of(Sample sample, int position)
        {
            var school = sample.Design[position].School;
            if (!_numbers.TryGetValue(school, out var number)) _numbers.Add(school, number = _numbers.Count);
            return number;
        }
    }

    private static IEnumerable<string> Rows(Sample sample, HashSet<string> indicators, Numbers numbers)
    {
        foreach (var (totals, engaged, phase, position) in sample.Schools)
        {
            var group = engaged ? "engaged" : "wider";
            var school = string.Create(CultureInfo.InvariantCulture, $"{Plain(group)}/{Plain(phase)},s{numbers.Of(sample, position)},{group}");
            yield return $"{school},,,,,0,1,1";
            foreach (var cell in totals.Cells.Where(cell => indicators.Contains(cell.Indicator) && sample.Counts(cell)))
                yield return string.Create(CultureInfo.InvariantCulture, $"{school},{cell.Stage},{cell.Role},{cell.Indicator},{cell.Code},{cell.N},{cell.W:R},{cell.Q:R}");
        }
    }

    private static IEnumerable<string> Pairs(Sample sample, HashSet<string> indicators, Numbers numbers) =>
        from school in sample.Schools
        from indicator in indicators.Order(StringComparer.Ordinal)
        from pair in sample.Pairs(school.Totals, indicator)
        select string.Create(
            CultureInfo.InvariantCulture,
            $"{(school.Engaged ? "engaged" : "wider")}/{Plain(school.Phase)},s{numbers.Of(sample, school.Position)},{indicator},{pair.Before},{pair.After},{pair.N},{pair.W:R},{pair.Q:R}");

    private static string Target(Kpi kpi, Reading reading) => (reading.Target ?? kpi.Target) is { } target ? $", {Number(target.Value / 100)}" : "";

    private static string Published(Share share) => share.Published is { Indicative: false } published ? $", {Number(published.Value / 100)}" : "";

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private string Rescaled(string indicator)
    {
        var scores = catalogue.Indicator[indicator].Scores!.Values;
        return Scores(indicator, scores.Min(), 100 / (scores.Max() - scores.Min()));
    }

    private string Scores(string indicator, double least, double multiple) => string.Create(
        CultureInfo.InvariantCulture,
        $"c({string.Join(", ", catalogue.Indicator[indicator].Scores!.Select(score => string.Create(CultureInfo.InvariantCulture, $"{Quoted(score.Key)} = {multiple * (score.Value - least):R}")))})");

    private static string Vector(IEnumerable<string> texts) => $"c({string.Join(", ", texts.Select(Quoted))})";

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>Phases come from a file: what would break a line of data is left out.</summary>
    private static string Plain(string text) => new([.. text.Select(c => char.IsLetterOrDigit(c) || c is ' ' or '-' ? c : '_')]);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KpiEvidence))]
public sealed partial class KpiEvidenceJson : JsonSerializerContext;
