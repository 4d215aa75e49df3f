namespace WholeSchoolSend.Testing;

/// <summary>The repository that the tests were built in.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>
    /// Writes one section of a document in <c>docs</c> that programs write section by section; the others stay as they are.
    /// </summary>
    /// <param name="preface">what stands before the sections, made of them.</param>
    /// <param name="titles">of all sections, in their order.</param>
    public static void WriteSection(string file, Func<IReadOnlyDictionary<string, string>, string> preface, IEnumerable<string> titles, string title, string section)
    {
        var path = Path.Combine(Root, "docs", file);
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        if (File.Exists(path))
        {
            foreach (var part in File.ReadAllText(path).Split("\n## ").Skip(1))
            {
                var end = part.IndexOf('\n', StringComparison.Ordinal);
                sections[part[..end]] = part[end..].Trim();
            }
        }
        sections[title] = section;
        File.WriteAllText(path, $"{preface(sections)}{string.Concat(titles.Where(sections.ContainsKey).Select(known => $"\n\n## {known}\n\n{sections[known]}"))}\n");
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WholeSchoolSend.Functions.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("This runs outside the repository.");
    }
}
