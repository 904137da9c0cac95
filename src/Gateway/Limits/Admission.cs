using System.Net;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>
/// Admission by counting: two atomic counters for the whole gateway, a sharded table of addresses, another of callers. Nothing waits.
/// </summary>
internal sealed class Admission : IAdmission, IFailurePenalty
{
    private readonly TimeProvider _time;
    private readonly GatewayRefusalMetrics _metrics;
    private readonly long _origin;
    private readonly BoundedTable<ulong, AddressEntry> _addresses;
    private readonly BoundedTable<string, CallerEntry> _callers;
    private readonly int _maxCalls;
    private readonly int _maxNewcomers;
    private readonly int _maxPerAddress;
    private readonly Rate _addressCalls;
    private readonly Rate _failures;
    private readonly Rate _callerCalls;
    private int _active;
    private int _newcomers;

    public Admission(IOptions<LimitsOptions> options, TimeProvider time, GatewayRefusalMetrics metrics)
    {
        var limits = options.Value;
        _time = time;
        _metrics = metrics;
        _origin = time.GetTimestamp();
        _addresses = new BoundedTable<ulong, AddressEntry>(limits.MaxAddresses, AddressKey.Comparer);
        _callers = new BoundedTable<string, CallerEntry>(limits.MaxCallers, StringComparer.Ordinal);
        _maxCalls = limits.MaxConcurrentCalls;
        _maxNewcomers = Math.Max(1, (int)(limits.MaxConcurrentCalls * (1 - limits.RenewalShare)));
        _maxPerAddress = limits.MaxConcurrentCallsPerAddress;
        _addressCalls = new Rate(limits.CallBurstPerAddress, limits.CallsPerSecondPerAddress);
        _failures = new Rate(limits.FailureBurstPerAddress, limits.FailuresPerSecondPerAddress);
        _callerCalls = new Rate(limits.CallBurstPerCaller, limits.CallsPerSecondPerCaller);
    }

    /// <summary>Calls under way, for the metric and tests.</summary>
    public int Active => Volatile.Read(ref _active);

    public int KnownAddresses => _addresses.Count;

    private double Now => _time.GetElapsedTime(_origin).TotalSeconds;

    public AdmissionLease? TryEnter(IPAddress remote, AdmissionClass hint, out Refusal? refusal)
    {
        refusal = TakePlace(hint);
        if (refusal is null)
        {
            refusal = TakeFromAddress(remote, hint, out var address);
            if (refusal is null)
            {
                return new Lease(this, address, hint);
            }

            LeavePlace(hint);
        }

        _metrics.Limit(refusal.Reason);
        return null;
    }

    public Refusal? CheckQuota(AuthenticatedCaller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.Kind == CallerKind.LocalOperator)
        {
            return null;
        }

        TimeSpan wait;
        using (var held = _callers.Hold(caller.Name))
        {
            if (held.Entry.Calls.TryTake(Now, _callerCalls))
            {
                return null;
            }

            wait = held.Entry.Calls.Wait(_callerCalls);
        }

        var refusal = LimitRefusals.CallerRate(wait);
        _metrics.Limit(refusal.Reason);
        return refusal;
    }

    public void Failed(CallCredentials credentials)
    {
        if (credentials.ClientChain is { } chain)
        {
            using var held = _callers.Hold(chain.SpiffeId);
            held.Entry.Failures.Charge(Now, _failures);
        }
        else
        {
            using var held = _addresses.Hold(AddressKey.Of(credentials.RemoteAddress));
            held.Entry.Failures.Charge(Now, _failures);
        }
    }

    public Refusal? Check(ParsedClientChain chain)
    {
        TimeSpan wait;
        using (var held = _callers.Hold(chain.SpiffeId))
        {
            if (held.Entry.Failures.Has(Now, _failures))
            {
                return null;
            }

            wait = held.Entry.Failures.Wait(_failures);
        }

        return LimitRefusals.Failures(wait);
    }

    private Refusal? TakePlace(AdmissionClass hint)
    {
        if (hint == AdmissionClass.Newcomer && Interlocked.Increment(ref _newcomers) > _maxNewcomers)
        {
            Interlocked.Decrement(ref _newcomers);
            return LimitRefusals.NewcomersFull;
        }

        if (Interlocked.Increment(ref _active) > _maxCalls)
        {
            LeavePlace(hint);
            return LimitRefusals.Overloaded;
        }

        return null;
    }

    private void LeavePlace(AdmissionClass hint)
    {
        Interlocked.Decrement(ref _active);
        if (hint == AdmissionClass.Newcomer)
        {
            Interlocked.Decrement(ref _newcomers);
        }
    }

    private Refusal? TakeFromAddress(IPAddress remote, AdmissionClass hint, out AddressEntry address)
    {
        var now = Now;
        using var held = _addresses.Hold(AddressKey.Of(remote));
        address = held.Entry;
        if (hint == AdmissionClass.Renewal)
        {
            return Take(now, ref address.RenewalCalls, ref address.RenewalsActive);
        }

        return address.Failures.Has(now, _failures)
            ? Take(now, ref address.NewcomerCalls, ref address.NewcomersActive)
            : LimitRefusals.Failures(address.Failures.Wait(_failures));
    }

    private Refusal? Take(double now, ref TokenBucket calls, ref int active)
    {
        if (Volatile.Read(ref active) >= _maxPerAddress)
        {
            return LimitRefusals.AddressBusy;
        }

        if (!calls.TryTake(now, _addressCalls))
        {
            return LimitRefusals.AddressRate(calls.Wait(_addressCalls));
        }

        Interlocked.Increment(ref active);
        return null;
    }

    private sealed class Lease(Admission owner, AddressEntry address, AdmissionClass hint) : AdmissionLease
    {
        private Admission? _owner = owner;

        protected override void Release()
        {
            if (Interlocked.Exchange(ref _owner, null) is not { } admission)
            {
                return;
            }

            if (hint == AdmissionClass.Renewal)
            {
                Interlocked.Decrement(ref address.RenewalsActive);
            }
            else
            {
                Interlocked.Decrement(ref address.NewcomersActive);
            }

            admission.LeavePlace(hint);
        }
    }
}
