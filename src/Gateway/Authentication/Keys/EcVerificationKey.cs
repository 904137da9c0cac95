using System.Security.Cryptography;

namespace MeshGrains.Gateway;

internal sealed class EcVerificationKey : VerificationKey
{
    private readonly InstancePool<ECDsa> _instances;
    private readonly JwsAlgorithm _algorithm;
    private readonly int _signatureLength;

    /// <param name="keyId">The key's <c>kid</c>.</param>
    /// <param name="fingerprint">See <see cref="VerificationKey.Fingerprint"/>.</param>
    /// <param name="parameters">A public key on P-256 or P-384.</param>
    /// <param name="algorithm">The one algorithm of that curve (RFC 7518 section 3.4).</param>
    /// <exception cref="CryptographicException">The point is not on the curve.</exception>
    public EcVerificationKey(string keyId, byte[] fingerprint, ECParameters parameters, JwsAlgorithm algorithm)
        : base(keyId, fingerprint)
    {
        _algorithm = algorithm;
        _signatureLength = 2 * parameters.Q.X!.Length;
        _instances = new InstancePool<ECDsa>(() => ECDsa.Create(parameters));
        _instances.Return(_instances.Rent());
    }

    public override bool Fits(JwsAlgorithm algorithm) => algorithm == _algorithm;

    public override bool Verify(JwsAlgorithm algorithm, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != _signatureLength)
        {
            return false;
        }

        var instance = _instances.Rent();
        try
        {
            return instance.VerifyHash(digest, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        finally
        {
            _instances.Return(instance);
        }
    }
}
