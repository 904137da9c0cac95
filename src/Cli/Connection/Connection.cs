using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>Where the control plane is, whom to trust there, and as whom to come.</summary>
internal sealed record Connection(string? Socket, Uri? Server, Func<SpiffeBundle>? Bundle, Func<HeldSvid>? Operator, TimeProvider Time)
{
    /// <summary>True when administration goes over the local socket, so that this user is an administrator.</summary>
    public bool IsLocal => Socket is not null && Operator is null;

    /// <summary>For operators: the local socket, or mutual TLS with an operator's SVID.</summary>
    /// <exception cref="CliException">Neither is at hand.</exception>
    public ControlPlane Administration()
    {
        if (IsLocal)
        {
            return ControlPlane.OverSocket(Socket!);
        }

        if (Operator is null)
        {
            throw CliException.Usage("Administration over --server needs an operator's SVID: give --cert and --key.");
        }

        return Tls(Operator());
    }

    /// <summary>For workloads, and for what anyone may read: TLS where its address is known, else the local socket.</summary>
    /// <param name="svid">The SVID to come with; null to come with a token or nothing.</param>
    public ControlPlane Gateway(HeldSvid? svid = null)
    {
        if (Server is not null)
        {
            return Tls(svid);
        }

        return svid is null
            ? ControlPlane.OverSocket(Socket!)
            : throw CliException.Usage("An SVID is shown over TLS only: give --server, or the silo's directory with --data.");
    }

    private ControlPlane Tls(HeldSvid? svid) => Server is null
        ? throw CliException.Usage("An SVID is shown over TLS only: give --server, or the silo's directory with --data.")
        : ControlPlane.OverTls(Server, Bundle!(), svid, Time);
}
