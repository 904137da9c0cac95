namespace MeshGrains.Gateway;

/// <summary>Section <c>relay</c>: calls handed from a gateway, or from a silo without an issuing CA, to a silo that has one.</summary>
public sealed class RelayOptions
{
    public const string Section = "relay";

    /// <summary>Where a silo takes relayed calls, under mutual TLS with bootstrap certificates; port 0 takes a free one. Empty: it takes none.</summary>
    public string Listen { get; set; } = "";

    /// <summary>The address that relays reach it at; empty: <see cref="Listen"/>.</summary>
    public string Advertise { get; set; } = "";

    /// <summary>Whether a silo takes administration that comes through a gateway, whose word for the operator's certificate it then takes.</summary>
    public bool Administration { get; set; }

    /// <summary>For <c>meshgrains gateway</c>: relay addresses of silos, <c>host:port</c>; a name is looked up again and again and all its addresses are used.</summary>
    public IList<string> Silos { get; } = [];

    /// <summary>For <c>meshgrains gateway</c>: a file of such addresses, one a line, read again when it changes.</summary>
    public string SilosFile { get; set; } = "";

    /// <summary>How long one silo has for an issuance before another is tried.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an issuance may take in all, whatever its caller's own deadline is.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Attempts of one call in all, 1 to 5.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>Retries as a part of all calls, 0 to 1; some are always kept for quiet hours.</summary>
    public double RetryShare { get; set; } = 0.2;

    /// <summary>How often a gateway asks each silo whether it is ready.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo that failed is left out, unless it says earlier that it is well; doubled while it goes on failing.</summary>
    public TimeSpan Ejection { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often names in the silos' addresses are looked up.</summary>
    public TimeSpan ResolveInterval { get; set; } = TimeSpan.FromSeconds(10);
}
