namespace MeshGrains.Grains;

/// <summary>
/// A trust domain: its roots in the KMS, its bundle and the templates of its registrations. Key: the trust domain's name.
/// Failures reach the caller as <see cref="GrainOperationException"/>.
/// </summary>
[Alias("mg.ITrustDomainGrain")]
public interface ITrustDomainGrain : IGrainWithStringKey
{
    /// <summary>Makes the first root if there is none, finishing whatever an earlier attempt left; then the same as <see cref="GetAsync"/>.</summary>
    [Alias("Ensure")]
    Task<TrustDomainView> EnsureAsync(EnsureTrustDomain command);

    [AlwaysInterleave]
    [Alias("Get")]
    Task<TrustDomainView> GetAsync();

    /// <summary>The number of the bundle as the store has it now, or had it a moment ago; 0 while there is no root.</summary>
    [Alias("BundleNumber")]
    Task<long> BundleNumberAsync();

    /// <summary>One KMS signature. The same operation id answers with the same certificate.</summary>
    [Alias("Certify")]
    Task<CertifiedIssuingCa> CertifyAsync(CertifyIssuingCa command);

    /// <summary>The request for the root's certificate, to be handed to an outside CA.</summary>
    [Alias("UpstreamRequest")]
    Task<UpstreamRequest> UpstreamRequestAsync();

    /// <summary>Takes what an outside CA made of the request: the first certificate of a root in the making, or a renewed one under the same outside root.</summary>
    [Alias("ImportUpstream")]
    Task<UpstreamImport> ImportUpstreamAsync(ImportUpstreamChain command);

    /// <summary>Puts a cluster's JWT authority into the bundle. Returns once the bundle with it is shown; the same key again changes nothing.</summary>
    [Alias("PublishJwtAuthority")]
    Task<long> PublishJwtAuthorityAsync(PublishJwtAuthority command);

    /// <summary>Takes a cluster's JWT authority out of the bundle; false while a declared restore keeps it there.</summary>
    [Alias("WithdrawJwtAuthority")]
    Task<bool> WithdrawJwtAuthorityAsync(string cluster, string keyId, string operationId);

    /// <summary>Takes a cluster's tainted JWT authority out of the bundle, also while a declared restore keeps the others.</summary>
    [Alias("RevokeJwtAuthority")]
    Task<long> RevokeJwtAuthorityAsync(string cluster, string keyId, string operationId);

    /// <summary>Records the beginning of a root's rotation. The same operation id finds what it began; another one is refused while one is under way.</summary>
    [Alias("StartRotation")]
    Task<RotationView> StartRotationAsync(StartRotation command);

    /// <summary>Begins a rotation where the active root's life asks for one; otherwise tells of the last one.</summary>
    [Alias("StartDueRotation")]
    Task<RotationView?> StartDueRotationAsync(StartRotation command);

    /// <summary>Pauses, resumes, rolls back, or has the gates of the present phase passed by with the next facts.</summary>
    [Alias("ChangeRotation")]
    Task<RotationView> ChangeRotationAsync(ChangeRotation command);

    /// <summary>Makes the next root of a rotation that was begun, from wherever an earlier attempt ended, and puts it into the bundle.</summary>
    [Alias("PrepareRotation")]
    Task<RotationView?> PrepareRotationAsync();

    /// <summary>Takes the rotation one phase further where these facts open its gates; then how its gates stand by them.</summary>
    [Alias("AdvanceRotation")]
    Task<RotationStatus> AdvanceRotationAsync(RotationFacts facts, string operationId);

    /// <summary>How the gates stand by these facts, without moving anything.</summary>
    [Alias("JudgeRotation")]
    Task<RotationStatus> JudgeRotationAsync(RotationFacts? facts);

    /// <summary>At the home: the trust domain's record for member clusters, in the form of <see cref="IStateCodec"/>.</summary>
    [Alias("Share")]
    Task<byte[]> ShareAsync();

    /// <summary>In a member cluster: takes the home's record over, unless it is older than the one that is known. True when something changed.</summary>
    [Alias("Follow")]
    Task<bool> FollowAsync(byte[] record);

    /// <summary>Creates (revision 1) or replaces (stored revision + 1) a template.</summary>
    [Alias("PutTemplate")]
    Task<RegistrationTemplate> PutTemplateAsync(RegistrationTemplate template);

    /// <summary>Deletes a template and denies it at once; false when there is none.</summary>
    [Alias("DeleteTemplate")]
    Task<bool> DeleteTemplateAsync(string templateId, string reason, string actor, string operationId);
}
