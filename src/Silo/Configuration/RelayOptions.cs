using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Silo;

/// <summary>Section <c>relay</c>: calls handed from a gateway, or from a silo without an issuing CA, to a silo that has one.</summary>
[SuppressMessage("Usage", "CA2227", Justification = "Bound from the configuration.")]
internal sealed class RelayOptions
{
    /// <summary>Where a silo takes relayed calls, under mutual TLS with bootstrap certificates; port 0 takes a free one. Empty: it takes none.</summary>
    public string Listen { get; set; } = "";

    /// <summary>The address that relays reach it at; empty: <see cref="Listen"/>.</summary>
    public string Advertise { get; set; } = "";

    /// <summary>For <c>meshgrains gateway</c>: relay addresses of silos, <c>host:port</c>; a name is looked up again and again and all its addresses are used.</summary>
    public IList<string> Silos { get; set; } = [];

    /// <summary>For <c>meshgrains gateway</c>: a file of such addresses, one a line, read again when it changes.</summary>
    public string SilosFile { get; set; } = "";
}
