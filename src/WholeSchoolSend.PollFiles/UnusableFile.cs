namespace WholeSchoolSend.PollFiles;

/// <summary>Carries a reason up through XmlReader and the zip streams, which call us back and know no values; no reader lets it out.</summary>
internal sealed class UnusableFileException(FileProblem problem) : Exception(problem.Message)
{
    public FileProblem Problem => problem;
}
