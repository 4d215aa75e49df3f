using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Extensions.DependencyInjection;

namespace WholeSchoolSend.LocalHost;

/// <summary>One method that carries [Function].</summary>
internal sealed class Function(string name, MethodInfo method, TriggerBindingAttribute trigger) : FunctionDefinition
{
    private readonly Parameter[] _parameters = [.. method.GetParameters().Select(one => new Parameter(one))];
    private readonly Func<object, Task<object?>> _resultOf = ResultReader(method.ReturnType);
    private readonly ObjectFactory? _create = method.IsStatic ? null : ActivatorUtilities.CreateFactory(method.DeclaringType!, []);

    public override string Name { get; } = name;
    public override string EntryPoint { get; } = $"{method.DeclaringType!.FullName}.{method.Name}";
    public override string PathToAssembly { get; } = method.DeclaringType.Assembly.Location;
    public override string Id { get; } = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{name} {method.DeclaringType.FullName}")))[..16];

    /// <summary>The name the real host uses in storage: in receipts, locks, timer status and poison messages.</summary>
    public string StorageName => $"Host.Functions.{Name}";

    public TriggerBindingAttribute Trigger { get; } = trigger;
    public RetryAttribute? Retry { get; } = method.GetCustomAttribute<RetryAttribute>();

    /// <summary>Why this function cannot run here although the others can; null when it can.</summary>
    public string? Error { get; set; }

    public async Task<object?> ExecuteAsync(Invocation invocation)
    {
        var arguments = new object?[_parameters.Length];
        for (var i = 0; i < arguments.Length; i++) arguments[i] = await _parameters[i].ValueAsync(invocation);
        var target = _create?.Invoke(invocation.InstanceServices, null);
        var returned = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        return returned is null ? null : await _resultOf(returned);
    }

    private static Func<object, Task<object?>> ResultReader(Type type)
    {
        if (type == typeof(Task))
        {
            return async returned =>
            {
                await (Task)returned;
                return null;
            };
        }
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(Task<>)) return Task.FromResult<object?>;
        return typeof(Function).GetMethod(nameof(AwaitAsync), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(type.GenericTypeArguments).CreateDelegate<Func<object, Task<object?>>>();
    }

    private static async Task<object?> AwaitAsync<T>(object returned) => await (Task<T>)returned;
}
