using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.Functions;

/// <summary>The app's functions, as their attributes say it.</summary>
internal static class AppTriggers
{
    /// <summary>Every function with a trigger of this kind, by name.</summary>
    public static IReadOnlyList<(string Function, T Trigger)> Of<T>()
        where T : Attribute =>
    [
        .. from type in typeof(AppTriggers).Assembly.GetTypes()
           from method in type.GetMethods()
           let function = method.GetCustomAttribute<FunctionAttribute>()
           where function is not null
           from parameter in method.GetParameters()
           let trigger = parameter.GetCustomAttribute<T>()
           where trigger is not null
           orderby function.Name
           select (function.Name, trigger),
    ];
}
