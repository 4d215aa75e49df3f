using System.ComponentModel;
using System.Reflection;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace WholeSchoolSend.LocalHost;

/// <summary>How one parameter of a function gets its value.</summary>
internal sealed class Parameter(ParameterInfo info)
{
    private static readonly Type[] ByName =
        [typeof(string), typeof(int), typeof(long), typeof(bool), typeof(double), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly)];

    private static readonly Type[] FromBlob = [typeof(Stream), typeof(BlobClient), typeof(BlockBlobClient), typeof(byte[]), typeof(string)];

    private readonly bool _isTrigger = IsTrigger(info);
    private readonly bool _mayBeNull = new NullabilityInfoContext().Create(info).WriteState != NullabilityState.NotNull;

    public static bool IsTrigger(ParameterInfo info) => info.GetCustomAttribute<TriggerBindingAttribute>() is not null;

    /// <summary>Null when the parameter can be given a value, or what is wrong with it.</summary>
    public static string? Refuse(ParameterInfo info, TriggerBindingAttribute trigger)
    {
        var type = info.ParameterType;
        if (IsTrigger(info))
        {
            Type[] known = trigger switch
            {
                HttpTriggerAttribute => [typeof(HttpRequest)],
                TimerTriggerAttribute => [typeof(TimerInfo)],
                _ => FromBlob,
            };
            return known.Contains(type) ? null : $"parameter '{info.Name}' is a {type.Name}, and this trigger gives {string.Join(", ", known.Select(one => one.Name))}";
        }
        if (info.GetCustomAttributes().FirstOrDefault(one => one is BindingAttribute || one.GetType().Namespace?.StartsWith("Microsoft.Azure.Functions", StringComparison.Ordinal) == true) is { } other)
            return $"parameter '{info.Name}' has the binding {other.GetType().Name}, which LocalHost does not have";
        if (type == typeof(FunctionContext) || type == typeof(CancellationToken)) return null;
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        if (trigger is not TimerTriggerAttribute && (ByName.Contains(bare) || bare.IsEnum)) return null;
        return $"parameter '{info.Name}' of type {type.Name} cannot be given a value";
    }

    public async ValueTask<object?> ValueAsync(Invocation invocation)
    {
        var type = info.ParameterType;
        if (type == typeof(FunctionContext)) return invocation;
        if (type == typeof(CancellationToken)) return invocation.CancellationToken;
        if (_isTrigger) return invocation.Trigger is TriggeringBlob blob ? await FromBlobAsync(blob, type, invocation.CancellationToken) : invocation.Trigger;

        if (invocation.BindingContext.BindingData.TryGetValue(info.Name!, out var value) && value is string text)
            return type == typeof(string) ? text : TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text);
        if (info.HasDefaultValue) return info.DefaultValue;
        return _mayBeNull ? null : throw new InvalidOperationException($"Could not populate the value for '{info.Name}' parameter. Consider adding a default value or making the parameter nullable.");
    }

    private static async Task<object> FromBlobAsync(TriggeringBlob blob, Type type, CancellationToken cancellation)
    {
        if (type == typeof(BlobClient)) return blob.Client;
        if (type == typeof(BlockBlobClient)) return blob.Container.GetBlockBlobClient(blob.Client.Name);
        if (type == typeof(Stream)) return (await blob.Client.DownloadStreamingAsync(cancellationToken: cancellation)).Value.Content;
        var content = (await blob.Client.DownloadContentAsync(cancellation)).Value.Content;
        return type == typeof(string) ? content.ToString() : content.ToArray();
    }
}

/// <summary>The blob a function runs for.</summary>
internal sealed record TriggeringBlob(BlobContainerClient Container, BlobClient Client);
