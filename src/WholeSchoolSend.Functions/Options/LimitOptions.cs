using System.ComponentModel.DataAnnotations;

namespace WholeSchoolSend.Functions.Options;

/// <summary>
/// How much is taken at once by one instance, <c>Limits__…</c>. What is beyond is asked for again: <c>503</c> with <c>Retry-After</c>, never <c>429</c>.
/// </summary>
public sealed class LimitOptions
{
    /// <value>Deliveries of one source that are worked on at once. The default is 64: storage is asked over 50 connections.</value>
    [Range(1, 10_000)]
    public int DeliveriesAtOnce { get; set; } = 64;

    /// <value>Deliveries of one source that wait for their turn, for a second at most. The default is 256.</value>
    [Range(0, 100_000)]
    public int DeliveriesWaiting { get; set; } = 256;

    /// <value>Megabytes of bodies of deliveries that are in memory at once, of all sources. The default is 256; the largest body is 8.</value>
    [Range(16, 16_384)]
    public int BodyMegabytes { get; set; } = 256;
}
