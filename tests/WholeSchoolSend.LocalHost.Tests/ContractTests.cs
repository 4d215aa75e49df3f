using System.Reflection;
using System.Runtime.Loader;

namespace WholeSchoolSend.LocalHost.Tests;

public class ContractTests
{
    /// <summary>Each line is checked against the real assemblies where those can be had; so a line is a promise to the real worker.</summary>
    [Fact]
    public void The_contract_is_what_was_approved()
    {
        var folder = typeof(ContractTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "ProjectFolder").Value!;
        var approved = Path.Combine(folder, "Contract.approved.txt");
        var received = Path.Combine(folder, "Contract.received.txt");
        var lines = string.Concat(Lines(typeof(Azurite).Assembly).Select(one => one + "\n"));
        if (File.Exists(approved) && File.ReadAllText(approved) == lines)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, lines);
        Assert.Fail($"The contract differs from {approved}; see {received}.");
    }

    /// <summary>CI publishes in azure mode and names the folder: every promise of the contract is in the worker that Azure runs.</summary>
    [Fact]
    public void The_contract_is_in_the_published_worker()
    {
        var folder = Environment.GetEnvironmentVariable("PUBLISHED_APP");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "PUBLISHED_APP names no folder published in azure mode: that needs the full public gallery.");
        var worker = new AssemblyLoadContext("published");
        worker.Resolving += (context, name) =>
            Path.Combine(folder, $"{name.Name}.dll") is var file && File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        var published = Directory.GetFiles(folder, "Microsoft.Azure.Functions.Worker*.dll").Order(StringComparer.Ordinal)
            .SelectMany(file => Lines(worker.LoadFromAssemblyPath(Path.GetFullPath(file)))).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(published);
        Assert.Empty(Lines(typeof(Azurite).Assembly).Except(published));
    }

    private static IEnumerable<string> Lines(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type => type.Namespace?.StartsWith("Microsoft.", StringComparison.Ordinal) == true)
        .SelectMany(Members)
        .OrderBy(line => line.Type, StringComparer.Ordinal).ThenBy(line => line.Member, StringComparer.Ordinal)
        .Select(line => $"{line.Type} {line.Member}");

    private static IEnumerable<(string Type, string Member)> Members(Type type)
    {
        var name = type.FullName!;
        if (type.IsEnum)
        {
            foreach (var value in Enum.GetNames(type)) yield return (name, $"{value} = {Convert.ToInt32(Enum.Parse(type, value), null)}");
            yield break;
        }
        if (type.BaseType is { } parent && parent != typeof(object) && !type.IsSubclassOf(typeof(Delegate))) yield return (name, $": {Name(parent)}");
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            yield return (name, Signature(type.GetMethod("Invoke")!));
            yield break;
        }
        foreach (var one in type.GetInterfaces()) yield return (name, $": {Name(one)}");
        const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var one in type.GetConstructors(Own)) yield return (name, $".ctor({Parameters(one)})");
        foreach (var one in type.GetProperties(Own))
            yield return (name, $"{Name(one.PropertyType)} {one.Name} {{ {(one.GetMethod?.IsPublic == true ? "get; " : "")}{(one.SetMethod?.IsPublic == true ? "set; " : "")}}}");
        foreach (var one in type.GetMethods(Own).Where(one => !one.IsSpecialName)) yield return (name, Signature(one));
    }

    private static string Signature(MethodInfo method) =>
        $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(one => one.Name))}>" : "")}({Parameters(method)})";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(one => $"{Name(one.ParameterType)} {one.Name}"));

    private static string Name(Type type) => type switch
    {
        { IsArray: true } => $"{Name(type.GetElementType()!)}[]",
        { IsGenericType: true } => $"{type.Namespace}.{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        { IsGenericParameter: true } => type.Name,
        _ => type.FullName!,
    };
}
