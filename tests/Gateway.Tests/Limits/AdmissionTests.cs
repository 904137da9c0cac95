using System.Diagnostics.Metrics;
using System.Net;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Limits;

public sealed class AdmissionTests : IDisposable
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly GatewayRefusalMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    private Admission Make(Action<LimitsOptions>? edit = null)
    {
        var options = new LimitsOptions();
        edit?.Invoke(options);
        Assert.True(new LimitsOptionsValidator().Validate(null, options).Succeeded);
        return new Admission(Options.Create(options), _time, _metrics);
    }

    private static List<AdmissionLease> Enter(Admission admission, int count, IPAddress from, AdmissionClass hint)
        => [.. Enumerable.Range(0, count).Select(_ => admission.TryEnter(from, hint, out var _)).OfType<AdmissionLease>()];

    private static AuthenticatedCaller Caller(string name, CallerKind kind = CallerKind.KubernetesToken) => new() { Kind = kind, Name = name };

    [Fact]
    public void A_place_is_given_back_once_however_often_it_is_disposed()
    {
        var admission = Make();
        var lease = admission.TryEnter(One, AdmissionClass.Newcomer, out var refusal)!;
        Assert.Null(refusal);
        Assert.Equal(1, admission.Active);
        lease.Dispose();
        lease.Dispose();
        Assert.Equal(0, admission.Active);
    }

    [Fact]
    public void Newcomers_cannot_use_the_share_kept_for_renewals()
    {
        var admission = Make(options => (options.MaxConcurrentCalls, options.RenewalShare) = (100, 0.25));
        Assert.Equal(75, Enter(admission, 500, One, AdmissionClass.Newcomer).Count);
        admission.TryEnter(Two, AdmissionClass.Newcomer, out var refusal);
        Assert.Equal("newcomers_full", refusal!.Reason);
        Assert.Equal(RefusalCode.ResourceExhausted, refusal.Code);
        Assert.NotNull(refusal.RetryAfter);

        Assert.Equal(25, Enter(admission, 500, One, AdmissionClass.Renewal).Count);
        admission.TryEnter(Two, AdmissionClass.Renewal, out refusal);
        Assert.Equal("overloaded", refusal!.Reason);
        Assert.Equal(RefusalCode.Unavailable, refusal.Code);
        Assert.Equal(100, admission.Active);
    }

    [Fact]
    public void Renewals_may_use_what_newcomers_leave()
    {
        var admission = Make(options => (options.MaxConcurrentCalls, options.RenewalShare) = (100, 0.25));
        Assert.Equal(100, Enter(admission, 500, One, AdmissionClass.Renewal).Count);
        Assert.Empty(Enter(admission, 1, One, AdmissionClass.Newcomer));
        Assert.Equal(100, admission.Active);
    }

    [Fact]
    public void Calls_under_way_are_bounded_per_address_and_class()
    {
        var admission = Make(options => options.MaxConcurrentCallsPerAddress = 10);
        var leases = Enter(admission, 20, One, AdmissionClass.Newcomer);
        Assert.Equal(10, leases.Count);
        admission.TryEnter(One, AdmissionClass.Newcomer, out var refusal);
        Assert.Equal("address_concurrency", refusal!.Reason);
        Assert.Equal(10, Enter(admission, 20, One, AdmissionClass.Renewal).Count);
        Assert.Equal(10, Enter(admission, 20, Two, AdmissionClass.Newcomer).Count);
        leases[3].Dispose();
        Assert.Single(Enter(admission, 20, One, AdmissionClass.Newcomer));
        Assert.Equal(30, admission.Active);
    }

    [Fact]
    public void Calls_a_second_are_bounded_per_address_and_the_hint_is_true()
    {
        var admission = Make(options => (options.CallBurstPerAddress, options.CallsPerSecondPerAddress) = (50, 10));
        var taken = Enter(admission, 100, One, AdmissionClass.Newcomer);
        Assert.Equal(50, taken.Count);
        admission.TryEnter(One, AdmissionClass.Newcomer, out var refusal);
        Assert.Equal("address_rate", refusal!.Reason);
        Assert.Equal(RefusalCode.ResourceExhausted, refusal.Code);
        _time.Advance(refusal.RetryAfter!.Value);
        Assert.Single(Enter(admission, 100, One, AdmissionClass.Newcomer));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, Enter(admission, 100, One, AdmissionClass.Newcomer).Count);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(50, Enter(admission, 100, One, AdmissionClass.Newcomer).Count);
        Assert.Equal(50, Enter(admission, 100, One, AdmissionClass.Renewal).Count);
    }

    [Fact]
    public void A_flood_of_bad_newcomers_leaves_renewals_of_the_same_address_untouched()
    {
        var admission = Make();
        var credentials = new CallCredentials { RemoteAddress = One, BearerToken = "bad" };
        var heard = 0;
        var renewed = 0;
        for (var tick = 0; tick < 1000; tick++)
        {
            // A second of 20,000 bad calls and 10 renewals, in milliseconds.
            for (var i = 0; i < 20; i++)
            {
                if (admission.TryEnter(One, AdmissionClass.Newcomer, out _) is { } lease)
                {
                    heard++;
                    admission.Failed(credentials);
                    lease.Dispose();
                }
            }

            if (tick % 100 == 0)
            {
                using var renewal = admission.TryEnter(One, AdmissionClass.Renewal, out _);
                renewed += renewal is null ? 0 : 1;
            }

            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(10, renewed);
        Assert.InRange(heard, 100, 125);
    }

    [Fact]
    public void Default_limits_let_the_load_of_a_whole_bench_through_from_one_address()
    {
        var admission = Make();
        for (var call = 0; call < 100_000; call++)
        {
            using var lease = admission.TryEnter(IPAddress.Loopback, AdmissionClass.Newcomer, out _);
            Assert.NotNull(lease);
            Assert.Null(admission.CheckQuota(Caller($"k8s:bench/load/account-{call % 1000}")));
            _time.Advance(TimeSpan.FromMicroseconds(100));
        }
    }

    [Fact]
    public void A_caller_has_a_quota_by_name_and_the_local_operator_none()
    {
        var admission = Make(options => (options.CallBurstPerCaller, options.CallsPerSecondPerCaller) = (5, 1));
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(admission.CheckQuota(Caller("k8s:prod/shop/cart")));
        }

        var refusal = admission.CheckQuota(Caller("k8s:prod/shop/cart"))!;
        Assert.Equal("caller_quota", refusal.Reason);
        Assert.Equal(RefusalCode.ResourceExhausted, refusal.Code);
        Assert.Equal(TimeSpan.FromSeconds(1), refusal.RetryAfter);
        Assert.Null(admission.CheckQuota(Caller("k8s:prod/shop/other")));
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(admission.CheckQuota(Caller("uid:0", CallerKind.LocalOperator)));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(admission.CheckQuota(Caller("k8s:prod/shop/cart")));
        Assert.NotNull(admission.CheckQuota(Caller("k8s:prod/shop/cart")));
    }

    [Fact]
    public void Addresses_remembered_are_bounded_and_those_with_calls_under_way_are_kept()
    {
        var admission = Make(options => (options.MaxAddresses, options.CallBurstPerAddress, options.CallsPerSecondPerAddress) = (256, 1, 0.01));
        var held = admission.TryEnter(One, AdmissionClass.Newcomer, out _);
        Assert.NotNull(held);
        for (var i = 0; i < 10_000; i++)
        {
            admission.TryEnter(new IPAddress(0x0a000000 + i), AdmissionClass.Newcomer, out _)?.Dispose();
        }

        Assert.InRange(admission.KnownAddresses, 200, 257);
        Assert.Null(admission.TryEnter(One, AdmissionClass.Newcomer, out var refusal));
        Assert.Equal("address_rate", refusal!.Reason);
    }

    [Fact]
    public void An_IPv6_network_of_64_bits_is_one_address_and_a_mapped_IPv4_is_itself()
    {
        Assert.Equal(AddressKey.Of(IPAddress.Parse("2001:db8:1:2::1")), AddressKey.Of(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.NotEqual(AddressKey.Of(IPAddress.Parse("2001:db8:1:2::1")), AddressKey.Of(IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal(AddressKey.Of(One), AddressKey.Of(One.MapToIPv6()));
        Assert.NotEqual(AddressKey.Of(One), AddressKey.Of(Two));
        Assert.NotEqual(AddressKey.Of(IPAddress.Any), AddressKey.Of(IPAddress.IPv6Loopback));
    }

    [Fact]
    public void Many_threads_never_exceed_a_limit_nor_lose_a_place()
    {
        var admission = Make(options => (options.MaxConcurrentCalls, options.RenewalShare, options.MaxConcurrentCallsPerAddress) = (50, 0.5, 40));
        var highest = 0;
        var entered = 0;
        Parallel.For(0, 8, worker =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                var hint = i % 2 == 0 ? AdmissionClass.Newcomer : AdmissionClass.Renewal;
                using var lease = admission.TryEnter(new IPAddress(i % 16), hint, out _);
                if (lease is not null)
                {
                    Interlocked.Increment(ref entered);
                    var active = admission.Active;
                    InterlockedMax(ref highest, active);
                }
            }
        });
        Assert.True(entered > 0);

        // A refused attempt is counted for the moment it takes to find out.
        Assert.InRange(highest, 1, 50 + 8);
        Assert.Equal(0, admission.Active);
        Assert.Equal(25, Enter(admission, 100, One, AdmissionClass.Newcomer).Count);
    }

    [Fact]
    public void Refusals_are_counted_by_reason()
    {
        var counted = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter == _metrics.Meter)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counted[$"{instrument.Name} {tags[0].Value}"] = value);
        listener.Start();
        var admission = Make(options => options.MaxConcurrentCallsPerAddress = 1);
        Enter(admission, 2, One, AdmissionClass.Newcomer);
        Assert.Equal(new Dictionary<string, long> { ["meshgrains.gateway.limits.refusals address_concurrency"] = 1 }, counted);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
