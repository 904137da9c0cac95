using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>The refusals of limits: stable reasons, and a hint when to come back.</summary>
internal static class LimitRefusals
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    public static Refusal Overloaded { get; } = new(
        RefusalCode.Unavailable, "overloaded", "This gateway has as many calls under way as it takes; try again shortly.", RetryAfter: Soon);

    public static Refusal NewcomersFull { get; } = new(
        RefusalCode.ResourceExhausted, "newcomers_full",
        "This gateway has as many new callers under way as it takes; the rest is kept for renewals. Try again shortly.", RetryAfter: Soon);

    public static Refusal AddressBusy { get; } = new(
        RefusalCode.ResourceExhausted, "address_concurrency", "Too many calls are under way from this address; wait for some to end.", RetryAfter: Soon);

    public static Refusal AddressRate(TimeSpan wait) => new(
        RefusalCode.ResourceExhausted, "address_rate", "This address calls too often; slow down.", RetryAfter: AtLeast(wait));

    public static Refusal Failures(TimeSpan wait) => new(
        RefusalCode.ResourceExhausted, "authentication_failures",
        "Too many calls from here came with bad credentials; get good ones, then try again.", RetryAfter: AtLeast(wait));

    public static Refusal CallerRate(TimeSpan wait) => new(
        RefusalCode.ResourceExhausted, "caller_quota", "This caller asks too often; slow down.", RetryAfter: AtLeast(wait));

    private static TimeSpan AtLeast(TimeSpan wait) => wait < Shortest ? Shortest : wait;
}
