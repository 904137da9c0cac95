namespace MeshGrains.KeyVaultEmulator;

/// <summary>What goes wrong, and for how many requests. Faults are consumed in the order they were planned.</summary>
public sealed class EmulatorFaults
{
    private readonly Lock _gate = new();
    private readonly List<PlannedFault> _planned = [];

    /// <summary>Added before every answer of the vault.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Added before every answer of the token authority.</summary>
    public TimeSpan TokenLatency { get; set; }

    /// <summary>Signs with another key than the one asked for.</summary>
    public bool SignWithWrongKey { get; set; }

    /// <summary>Names another version in replies.</summary>
    public bool AnswerWithWrongVersion { get; set; }

    /// <summary>Quotes the caller's token, and the client's secret or assertion, in every refusal.</summary>
    public bool QuoteSecrets { get; set; }

    /// <summary>The resource that challenges name, when not the emulator's own.</summary>
    public string? ChallengeResource { get; set; }

    /// <summary>Answers without asking for a token.</summary>
    public bool AskForNoToken { get; set; }

    /// <summary>Plans a fault for the next <paramref name="times"/> authenticated requests, of one operation only when it is named.</summary>
    public void Plan(EmulatorFault fault, int times = 1, string? operation = null, int? retryAfterSeconds = null)
    {
        lock (_gate)
        {
            _planned.Add(new PlannedFault(fault, operation, retryAfterSeconds) { Remaining = times });
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _planned.Clear();
        }

        Latency = TokenLatency = TimeSpan.Zero;
        SignWithWrongKey = AnswerWithWrongVersion = QuoteSecrets = AskForNoToken = false;
        ChallengeResource = null;
    }

    internal (EmulatorFault Fault, int? RetryAfterSeconds)? Take(string operation, bool tokenAuthority)
    {
        lock (_gate)
        {
            foreach (var fault in _planned)
            {
                if (fault.Remaining > 0 && (fault.Operation is null ? !tokenAuthority : fault.Operation == operation))
                {
                    fault.Remaining--;
                    return (fault.Fault, fault.RetryAfterSeconds);
                }
            }
        }

        return null;
    }

    private sealed record PlannedFault(EmulatorFault Fault, string? Operation, int? RetryAfterSeconds)
    {
        public int Remaining { get; set; }
    }
}
