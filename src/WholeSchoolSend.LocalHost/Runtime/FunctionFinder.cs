using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace WholeSchoolSend.LocalHost;

/// <summary>Finds the functions of the app, and refuses by name what could not run: better here than by silence in production.</summary>
internal static class FunctionFinder
{
    public static IReadOnlyList<Function> Find(HostPlan plan)
    {
        var found = new List<Function>();
        var refused = new List<string>();
        foreach (var type in plan.FindTypes())
        {
            foreach (var method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            {
                if (method.GetCustomAttribute<FunctionAttribute>() is not { } attribute) continue;
                var problems = Problems(attribute.Name, method, plan).ToArray();
                refused.AddRange(problems.Select(problem => $"Function '{attribute.Name}' ({type.FullName}.{method.Name}): {problem}."));
                if (problems.Length == 0) found.Add(new Function(attribute.Name, method, Trigger(method)!));
            }
        }
        refused.AddRange(from one in found
                         group one by one.Name.ToUpperInvariant() into same
                         where same.Count() > 1
                         select $"Function '{same.First().Name}' exists more than once: {string.Join(", ", same.Select(one => one.EntryPoint))}.");
        ThrowIfAny(refused);
        return [.. found.OrderBy(one => one.Name, StringComparer.Ordinal)];
    }

    public static void ThrowIfAny(IReadOnlyCollection<string> refused)
    {
        if (refused.Count > 0) throw new CannotStartException(string.Join(Environment.NewLine, refused));
    }

    private static TriggerBindingAttribute? Trigger(MethodInfo method) =>
        method.GetParameters().Select(one => one.GetCustomAttribute<TriggerBindingAttribute>()).FirstOrDefault(one => one is not null);

    private static IEnumerable<string> Problems(string name, MethodInfo method, HostPlan plan)
    {
        var type = method.DeclaringType!;
        if (name.Length is 0 or > 127 || !char.IsAsciiLetter(name[0]) || !name.All(one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_'))
            yield return "its name should start with a letter and have only letters, digits, - and _";
        if (!method.IsPublic || !type.IsVisible) yield return "the class and the method should be public";
        if (type.ContainsGenericParameters || method.ContainsGenericParameters) yield return "the class and the method should not be generic";
        if (type.IsAbstract && !method.IsStatic) yield return "the class should not be abstract";

        var triggers = method.GetParameters().Count(Parameter.IsTrigger);
        if (Trigger(method) is not { } trigger || triggers > 1)
        {
            yield return triggers > 1 ? "it has more than one trigger" : "it has no trigger";
            yield break;
        }
        if (trigger is not (HttpTriggerAttribute or TimerTriggerAttribute or BlobTriggerAttribute))
        {
            yield return $"its trigger {trigger.GetType().Name} is not one of LocalHost's (HTTP, timer, blob)";
            yield break;
        }
        foreach (var parameter in method.GetParameters())
        {
            if (Parameter.Refuse(parameter, trigger) is { } problem) yield return problem;
        }

        var result = method.ReturnType;
        if (trigger is HttpTriggerAttribute http)
        {
            var inner = result.IsGenericType && result.GetGenericTypeDefinition() == typeof(Task<>) ? result.GenericTypeArguments[0] : result;
            if (!inner.IsAssignableTo(typeof(IActionResult)) && !inner.IsAssignableTo(typeof(IResult)))
                yield return $"it returns {result.Name}; an HTTP function should return IActionResult, IResult or a Task of them";
            if (http.AuthLevel is AuthorizationLevel.User) yield return "AuthorizationLevel.User is not supported";
            if (!plan.ServesHttp) yield return "Program.cs should call ConfigureFunctionsWebApplication()";
        }
        else if (result != typeof(void) && result != typeof(Task))
        {
            yield return $"it returns {result.Name}; without an output binding it should return Task or nothing";
        }
        if (method.GetCustomAttribute<RetryAttribute>() is { } retry)
        {
            if (trigger is not TimerTriggerAttribute) yield return $"{retry.GetType().Name} works on timers only (build error AZFW0012 with the real worker)";
            else if (RetryRule.Problem(retry) is { } problem) yield return problem;
        }
    }
}
