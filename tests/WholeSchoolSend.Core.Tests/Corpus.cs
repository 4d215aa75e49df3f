namespace WholeSchoolSend.Core.Tests;

/// <summary>Others' example data beside the repository: read where it is there, never copied. A test that needs it is skipped, with this reason, where it is not.</summary>
internal static class Corpus
{
    public static string Folder(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var corpus = Path.Combine(folder.FullName, "shared", "corpus", name);
            if (Directory.Exists(corpus)) return corpus;
        }
        Assert.Skip($"others' example data (shared/corpus/{name}) is not beside this repository");
        return "";
    }
}
