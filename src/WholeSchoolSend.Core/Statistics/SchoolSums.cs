namespace WholeSchoolSend.Core.Statistics;

/// <summary>
/// What one school adds to one reading: its position in the <see cref="SampleDesign"/>, responses n, successes x, and the sums
/// Σw, Σwy, Σw² and Σwy² over its respondents in the domain.
/// </summary>
/// <remarks>Every design-based estimator here follows from these rows; nothing needs a respondent. For a share y is 0 or 1, so Σwy² = Σwy.</remarks>
public readonly record struct SchoolSums(
    int School,
    int Responses,
    int Successes,
    double SumOfWeights,
    double WeightedSum,
    double SumOfSquaredWeights,
    double WeightedSumOfSquares)
{
    /// <summary>A school with nobody in the domain yet.</summary>
    public static SchoolSums None(int school) => new(school, 0, 0, 0, 0, 0, 0);

    /// <summary>Adds respondents who all gave one answer that does or does not count as a success.</summary>
    public SchoolSums Plus(int responses, double sumOfWeights, double sumOfSquaredWeights, bool success) => new(
        School,
        Responses + responses,
        success ? Successes + responses : Successes,
        SumOfWeights + sumOfWeights,
        success ? WeightedSum + sumOfWeights : WeightedSum,
        SumOfSquaredWeights + sumOfSquaredWeights,
        success ? WeightedSumOfSquares + sumOfWeights : WeightedSumOfSquares);

    /// <summary>Adds respondents who all gave one answer that is worth a score.</summary>
    public SchoolSums Plus(int responses, double sumOfWeights, double sumOfSquaredWeights, double score) => new(
        School,
        Responses + responses,
        Successes,
        SumOfWeights + sumOfWeights,
        WeightedSum + (sumOfWeights * score),
        SumOfSquaredWeights + sumOfSquaredWeights,
        WeightedSumOfSquares + (sumOfWeights * score * score));

    /// <summary>The same answers when each respondent's weight is multiplied by a factor.</summary>
    public SchoolSums Reweighted(double factor) => new(
        School,
        Responses,
        Successes,
        factor * SumOfWeights,
        factor * WeightedSum,
        factor * factor * SumOfSquaredWeights,
        factor * WeightedSumOfSquares);
}
