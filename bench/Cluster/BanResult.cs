namespace MeshGrains.Bench;

/// <summary>What one ban under cut links showed.</summary>
/// <param name="Number">Of the denial set with the ban.</param>
/// <param name="TakenAfter">Seconds from the first asking for the ban to its acknowledgement.</param>
/// <param name="Attempts">Until then.</param>
/// <param name="EffectiveAfter">Seconds from the ban's acknowledgement to the moment from which it holds everywhere.</param>
/// <param name="IssuedBefore">Certificates for the identity before the ban.</param>
/// <param name="IssuedBetween">Those from the acknowledgement to that moment: the cut silo within its lease.</param>
/// <param name="IssuedAfterEffective">Those that were asked for after it, or came well after it.</param>
/// <param name="AskedAfterEffective">Calls that were made after it.</param>
/// <param name="OthersFailed">Certificates that other identities did not get meanwhile.</param>
/// <param name="OthersIssued">Those that they got.</param>
internal sealed record BanResult(
    long Number, double TakenAfter, int Attempts, double EffectiveAfter, int IssuedBefore, int IssuedBetween, int IssuedAfterEffective, int AskedAfterEffective, int OthersFailed, int OthersIssued);
