using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Acme;

internal static partial class AcmeLog
{
    [LoggerMessage(3680, LogLevel.Information, "The bundle endpoint shows an ACME certificate for {Domain} until {NotAfter:u}; it is renewed at {RenewAt:u}")]
    public static partial void InUse(ILogger logger, string domain, DateTimeOffset notAfter, DateTimeOffset renewAt);

    [LoggerMessage(3681, LogLevel.Error, "The stored ACME certificate cannot be used: {Reason}. The one in use stays, if there is one")]
    public static partial void Unusable(ILogger logger, string reason);

    [LoggerMessage(3682, LogLevel.Information, "A certificate for {Domain} is ordered at {Directory} by {Challenge}")]
    public static partial void Ordering(ILogger logger, string domain, string directory, string challenge);

    [LoggerMessage(3683, LogLevel.Information, "The CA issued a certificate for {Domain}")]
    public static partial void Issued(ILogger logger, string domain);

    [LoggerMessage(3684, LogLevel.Error, "No certificate for {Domain} was got, failure {Failures}; it is tried again at {At:u}. {Reason}")]
    public static partial void Failed(ILogger logger, string domain, int failures, DateTimeOffset at, string reason);

    [LoggerMessage(3685, LogLevel.Warning, "What is stored of the bundle endpoint's ACME certificate could not be read: {Reason}")]
    public static partial void NotRead(ILogger logger, string reason);

    [LoggerMessage(3686, LogLevel.Warning, "The CA did not tell when to renew the bundle endpoint's certificate; it is asked again at {At:u}. {Reason}")]
    public static partial void NotTold(ILogger logger, DateTimeOffset at, string reason);

    [LoggerMessage(3687, LogLevel.Warning, "A connection to the bundle endpoint was refused: it has no certificate. {Reason} {Suppressed} more were refused since the last such line")]
    public static partial void NoCertificate(ILogger logger, string reason, long suppressed);

    [LoggerMessage(3688, LogLevel.Information, "A challenge for {Name} was asked for, and nothing of that name is being proven")]
    public static partial void NoChallenge(ILogger logger, string name);

    [LoggerMessage(3689, LogLevel.Error, "Looking after the bundle endpoint's ACME certificate failed; it is looked at again in about {Seconds:0} s. {Reason}")]
    public static partial void Later(ILogger logger, double seconds, string reason);
}
