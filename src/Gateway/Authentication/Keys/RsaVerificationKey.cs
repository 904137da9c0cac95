using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Gateway;

internal sealed class RsaVerificationKey : VerificationKey
{
    private readonly RsaVerifier _verifier;
    private readonly InstancePool<RSA> _instances;
    private readonly JwsAlgorithm _only;
    private readonly int _modulusLength;

    /// <param name="keyId">The key's <c>kid</c>.</param>
    /// <param name="fingerprint">See <see cref="VerificationKey.Fingerprint"/>.</param>
    /// <param name="parameters">A public key of 2048 to 4096 bits.</param>
    /// <param name="only">The algorithm that the key declares; unknown when it declares none.</param>
    public RsaVerificationKey(string keyId, byte[] fingerprint, RSAParameters parameters, JwsAlgorithm only)
        : base(keyId, fingerprint)
    {
        _modulusLength = parameters.Modulus!.Length;
        _only = only;
        _verifier = new RsaVerifier(parameters);
        _instances = new InstancePool<RSA>(() => RSA.Create(parameters));
        _instances.Return(_instances.Rent());
    }

    public override bool Fits(JwsAlgorithm algorithm)
        => algorithm is JwsAlgorithm.RS256 or JwsAlgorithm.RS384 or JwsAlgorithm.RS512 or JwsAlgorithm.PS256
            && (_only == JwsAlgorithm.Unknown || _only == algorithm);

    public override bool Verify(JwsAlgorithm algorithm, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != _modulusLength)
        {
            return false;
        }

        if (algorithm != JwsAlgorithm.PS256)
        {
            return _verifier.VerifyPkcs1(algorithm.HashName(), digest, signature);
        }

        var instance = _instances.Rent();
        try
        {
            return instance.VerifyHash(digest, signature, algorithm.HashName(), RSASignaturePadding.Pss);
        }
        finally
        {
            _instances.Return(instance);
        }
    }
}
