using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.LocalHost;

/// <summary>One run of one function.</summary>
internal sealed class Invocation(
    Function function, string id, object trigger, IReadOnlyDictionary<string, object?> data, int retried, IServiceProvider services, CancellationToken cancellation)
    : FunctionContext
{
    public Function Function => function;
    public object Trigger => trigger;
    public object? Result { get; set; }

    public override string InvocationId => id;
    public override string FunctionId => function.Id;
    public override FunctionDefinition FunctionDefinition => function;
    public override BindingContext BindingContext { get; } = new Data(data);
    public override RetryContext RetryContext { get; } = function.Retry is { } rule ? new Retries(retried, rule.MaxRetryCount) : null!;
    public override IServiceProvider InstanceServices { get; set; } = services;
    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();
    public override CancellationToken CancellationToken => cancellation;

    private sealed class Data(IReadOnlyDictionary<string, object?> data) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData => data;
    }

    private sealed class Retries(int retried, int max) : RetryContext
    {
        public override int RetryCount => retried;
        public override int MaxRetryCount => max;
    }
}
