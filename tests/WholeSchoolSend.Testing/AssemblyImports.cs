using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace WholeSchoolSend.Testing;

/// <summary>What a built assembly imports, read from its file without loading it.</summary>
public static class AssemblyImports
{
    /// <summary>
    /// Assemblies a project beside the running tests imports, besides the base library and those in <paramref name="allowed"/>: names parted by blanks, one
    /// that ends in a dot stands for all that begin so.
    /// </summary>
    public static IReadOnlyList<string> StrangersIn(string project, string allowed)
    {
        var may = allowed.Split(' ');
        using var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, project + ".dll")));
        var metadata = reader.GetMetadataReader();
        return metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Where(name => !IsOfTheBaseLibrary(name) && !may.Any(one => one.EndsWith('.') ? name.StartsWith(one, StringComparison.Ordinal) : name == one))
            .ToList();
    }

    private static bool IsOfTheBaseLibrary(string name) => File.Exists(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, name + ".dll"));
}
