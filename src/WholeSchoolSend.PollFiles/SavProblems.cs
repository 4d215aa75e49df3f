namespace WholeSchoolSend.PollFiles;

/// <summary>What can be wrong with an SPSS file as a whole, in sentences for its sender. All of it means that the file was cut or damaged.</summary>
internal static class SavProblems
{
    private const string Again = " Please save it again in SPSS as .sav, or send the answers as CSV.";

    public static FileProblem Truncated(string where) =>
        new(PollFileCodes.SavTruncated, $"The SPSS file ends in the middle of {where}: it was cut on its way. Please send it again.");

    public static FileProblem Header(string what) => new(PollFileCodes.SavHeaderInvalid, $"The header of the SPSS file is damaged: {what}.{Again}");

    public static FileProblem Dictionary(string what) =>
        new(PollFileCodes.SavDictionaryInvalid, $"The dictionary of the SPSS file contradicts itself: {what}.{Again}");

    public static FileProblem Weight(int index) =>
        new(PollFileCodes.SavWeightInvalid,
            $"The SPSS file says that its weight is in place {index}, where no numeric variable begins. Please set WEIGHT BY in SPSS and save it again.");

    public static FileProblem Data(string what, long row) => new(PollFileCodes.SavDataInvalid, $"The SPSS file is damaged in row {row}: {what}.{Again}", row);

    public static FileProblem Blocks(string what) => new(PollFileCodes.SavBlocksInvalid, $"The compressed SPSS file (.zsav) is damaged: {what}.{Again}");

    public static FileProblem RowCount(long declared, long found) => new(PollFileCodes.SavRowCount,
        $"The SPSS file says that it has {declared} rows, and holds {(found > declared ? "more" : found)}: it was cut, or written wrongly.{Again}");
}
