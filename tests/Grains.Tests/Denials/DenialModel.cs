namespace MeshGrains.Grains.Tests;

/// <summary>
/// Denial leases as a game of chance over the product's own decisions: one store, several activations that may all be alive at once, silos whose
/// clocks run at different rates, calls that stop anywhere and go on much later, replies that are lost, silos that freeze, die and start again.
/// After every move it looks whether an activation calls a number effective while some silo refuses by an older one under a lease that runs.
/// </summary>
internal sealed class DenialModel
{
    private const long LeaseMilliseconds = 30_000;

    private readonly Random _chance;
    private readonly Func<DenialWitness, DenialSet, TimeSpan, DenialSet> _tidy;
    private readonly List<Activation> _activations = [];
    private readonly List<Silo> _silos = [];
    private readonly List<IEnumerator<bool>> _calls = [];
    private DenialSet _store = DenialSet.Empty;
    private TimeSpan _now;
    private int _starts;

    /// <param name="seed">The same seed plays the same game.</param>
    /// <param name="tidy">How activations tidy the roster; the product's way when null.</param>
    public DenialModel(int seed, Func<DenialWitness, DenialSet, TimeSpan, DenialSet>? tidy = null)
    {
        _chance = new Random(seed);
        _tidy = tidy ?? Tidy;
        for (var i = 0; i < 3; i++)
        {
            _silos.Add(NewSilo($"silo-{i}"));
        }

        _activations.Add(NewActivation());
        _activations.Add(NewActivation());
    }

    /// <summary>Numbers that some activation called effective.</summary>
    public int Claims { get; private set; }

    /// <summary>Leases that ran when they were taken, and holders that left the roster.</summary>
    public int Leases { get; private set; }

    public int Dropped { get; private set; }

    public static DenialSet Tidy(DenialWitness witness, DenialSet set, TimeSpan now) =>
        DenialRoster.Tidy(set, holder => witness.IsSilent(holder, now), holder => witness.IsGone(holder, now));

    /// <summary>Plays; the first early claim is told, null when there was none.</summary>
    public string? Play(int moves)
    {
        for (var move = 0; move < moves; move++)
        {
            Move();
            if (EarlyClaim() is { } claim)
            {
                return $"move {move}: {claim}";
            }
        }

        return null;
    }

    private void Move()
    {
        _now += TimeSpan.FromMilliseconds(_chance.Next(0, 40) == 0 ? _chance.Next(1, 20_000) : _chance.Next(1, 150));
        switch (_chance.Next(0, 60))
        {
            case 0:
                Start(Change(Any(_activations), DenyOne));
                break;
            case 1:
                // A grain is activated anew, beside the standing ones or in the place of one.
                _activations.Add(NewActivation());
                if (_activations.Count > 3)
                {
                    _activations.RemoveAt(_chance.Next(0, _activations.Count));
                }

                break;
            case 2:
                var reborn = _chance.Next(0, _silos.Count);
                if (_chance.Next(0, 3) == 0 && _silos[reborn].Take() is { } polite)
                {
                    Start(Leave(Any(_activations), polite));
                }

                // The former start is dead, or only frozen and goes on beside the new one.
                var next = NewSilo(_silos[reborn].Name);
                if (_chance.Next(0, 2) == 0)
                {
                    _silos.Add(next);
                }
                else
                {
                    _silos[reborn] = next;
                }

                if (_silos.Count > 5)
                {
                    _silos.RemoveAt(_chance.Next(0, _silos.Count));
                }

                break;
            case 3:
                Any(_silos).FrozenUntil = _now + TimeSpan.FromMilliseconds(_chance.Next(1, 120_000));
                break;
            case < 20 when _calls.Count < 6:
                var silo = Any(_silos);
                if (silo.FrozenUntil <= _now)
                {
                    Start(Confirm(Any(_activations), silo));
                }

                break;
            default:
                // A call goes on from where it stopped; some never do.
                if (_calls.Count > 0)
                {
                    var i = _chance.Next(0, _calls.Count);
                    if (!_calls[i].MoveNext() || _chance.Next(0, 40) == 0)
                    {
                        _calls.RemoveAt(i);
                    }
                }

                break;
        }
    }

    /// <summary>As the grain's: read, take the word, join or tidy, answer. Each yield is a moment at which anything else may happen first.</summary>
    private IEnumerator<bool> Confirm(Activation activation, Silo silo)
    {
        var sent = silo.Now(_now);
        var held = silo.Held;
        yield return true;
        var read = _store;
        yield return true;
        activation.Witness.Saw(read, activation.Now(_now));
        activation.Witness.Heard(silo.Name, silo.Incarnation, held, activation.Now(_now));
        var granted = activation.Witness.Set;
        var change = DenialRoster.Grants(granted, silo.Name, silo.Incarnation)
            ? Change(activation, set => _tidy(activation.Witness, set, activation.Now(_now)))
            : Change(activation, set => DenialRoster.Join(set, silo.Name, silo.Incarnation, LeaseMilliseconds));
        while (change.MoveNext())
        {
            yield return true;
        }

        var answer = activation.Witness.Set;
        yield return true;
        if (silo.FrozenUntil > _now)
        {
            // The reply waits at the frozen silo's door.
            yield return true;
        }

        silo.Push(answer.Number);
        if (DenialRoster.Grants(answer, silo.Name, silo.Incarnation))
        {
            silo.Lease(sent);
            Leases += silo.HasLease(_now) ? 1 : 0;
        }
    }

    private IEnumerator<bool> Leave(Activation activation, Silo silo)
    {
        yield return true;
        var change = Change(activation, set => DenialRoster.Leave(set, silo.Name, silo.Incarnation));
        while (change.MoveNext())
        {
            yield return true;
        }
    }

    /// <summary>Compare-and-swap on the number: read again, decided again, where another was first. A reply may be lost, and is found out by reading.</summary>
    private IEnumerator<bool> Change(Activation activation, Func<DenialSet, DenialSet> change)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var seen = activation.Witness.Set;
            var next = change(seen);
            if (ReferenceEquals(next, seen))
            {
                yield break;
            }

            yield return true;
            if (_store.Number == next.Number - 1)
            {
                Dropped += _store.Holders.Length > next.Holders.Length ? 1 : 0;
                _store = next;
                yield return true;
                if (_chance.Next(0, 8) != 0)
                {
                    activation.Witness.Saw(next, activation.Now(_now));
                    yield break;
                }
            }

            var again = _store;
            yield return true;
            activation.Witness.Saw(again, activation.Now(_now));
        }
    }

    private DenialSet DenyOne(DenialSet set) => DenialDecisions.Add(
        set, new Denial(DenialKind.QuarantinedIdentity, $"spiffe://td/{_starts++}", 0, "test", "model", default, "op"), 1_000_000);

    private string? EarlyClaim()
    {
        foreach (var activation in _activations)
        {
            var number = activation.Witness.Set.Number;
            while (number > 0 && activation.Witness.EffectiveSince(number, activation.Now(_now)) is null)
            {
                number--;
            }

            if (number == 0 || activation.Witness.EffectiveSince(number, activation.Now(_now)) is not { } since)
            {
                continue;
            }

            Claims++;
            foreach (var silo in _silos.Where(silo => silo.HasLease(_now) && silo.Held < number))
            {
                return $"set {number} is called effective while {silo.Name} ({silo.Incarnation}) holds a lease on {silo.Held}.";
            }

            // The moment that was told must be true as well, not only the claim at this moment.
            foreach (var silo in _silos.Where(silo => silo.LeasedBelow(number) is { } until && activation.At(until) > since + TimeSpan.FromMilliseconds(1)))
            {
                return $"set {number} is told effective since {since}, but {silo.Name} ({silo.Incarnation}) held a lease on an older one until {activation.At(silo.LeasedBelow(number)!.Value)}.";
            }
        }

        foreach (var silo in _silos)
        {
            silo.Note(_now);
        }

        return null;
    }

    private void Start(IEnumerator<bool> call) => _calls.Add(call);

    private T Any<T>(List<T> list) => list[_chance.Next(0, list.Count)];

    private Activation NewActivation()
    {
        var activation = new Activation(_now, Rate());
        activation.Witness.Saw(_store, TimeSpan.Zero);
        return activation;
    }

    private Silo NewSilo(string name) => new(name, $"run-{_starts++}", Rate());

    /// <summary>Clocks differ by up to 1.9 % from each other.</summary>
    private double Rate() => 1 + ((_chance.NextDouble() - 0.5) * 0.019);

    private sealed class Activation(TimeSpan startedAt, double rate)
    {
        public DenialWitness Witness { get; } = new();

        public TimeSpan Now(TimeSpan now) => At(now);

        public TimeSpan At(TimeSpan now) => (now - startedAt) * rate;
    }

    private sealed class Silo(string name, string incarnation, double rate)
    {
        private readonly SortedList<long, TimeSpan> _leasedUntil = [];
        private TimeSpan? _sent;
        private bool _left;

        public string Name => name;

        public string Incarnation => incarnation;

        public long Held { get; private set; } = -1;

        public TimeSpan FrozenUntil { get; set; }

        public TimeSpan Now(TimeSpan now) => now * rate;

        public bool HasLease(TimeSpan now) => !_left && _sent is { } sent && (now * rate) - sent < TimeSpan.FromMilliseconds(LeaseMilliseconds);

        public void Push(long number) => Held = Math.Max(Held, number);

        public void Lease(TimeSpan sent) => _sent = _sent is { } known && known > sent ? known : sent;

        /// <summary>Gives the lease up, as a silo does before it says goodbye.</summary>
        public Silo? Take()
        {
            _left = true;
            return this;
        }

        /// <summary>Remembers until when this silo was seen to issue by each number.</summary>
        public void Note(TimeSpan now)
        {
            if (HasLease(now))
            {
                _leasedUntil[Held] = now;
            }
        }

        public TimeSpan? LeasedBelow(long number)
        {
            TimeSpan? last = null;
            foreach (var (held, until) in _leasedUntil)
            {
                if (held < number && (last is null || until > last))
                {
                    last = until;
                }
            }

            return last;
        }
    }
}
