using System.Globalization;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>A PKCS#11 function's return value other than CKR_OK.</summary>
internal sealed class Pkcs11Exception(string function, ulong code)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{function} returned 0x{code:X}"))
{
    public ulong Code => code;

    /// <summary>The session is gone and nothing was done: worth one more try in a new one.</summary>
    public bool IsSessionLost => code is CKR.SESSION_CLOSED or CKR.SESSION_HANDLE_INVALID or CKR.USER_NOT_LOGGED_IN;

    /// <summary>The token does not have this mechanism, or not with these parameters.</summary>
    public bool IsUnsupported => code is CKR.MECHANISM_INVALID or CKR.MECHANISM_PARAM_INVALID or CKR.ARGUMENTS_BAD or CKR.FUNCTION_NOT_SUPPORTED;

    /// <summary>What was to be decrypted is not what the key encrypted. Some modules say no more than that the function failed.</summary>
    public bool IsBadCiphertext => code is CKR.ENCRYPTED_DATA_INVALID or CKR.ENCRYPTED_DATA_LEN_RANGE;

    public KeyManagerException ToKeyManagerException(string what)
    {
        var (kind, advice) = code switch
        {
            CKR.PIN_INCORRECT or CKR.PIN_INVALID or CKR.PIN_LEN_RANGE => (KeyManagerError.Denied, "The PIN is wrong. It is not tried again, so that the token does not lock; mend the pin-source file and restart."),
            CKR.PIN_LOCKED or CKR.PIN_EXPIRED or CKR.USER_PIN_NOT_INITIALIZED => (KeyManagerError.Denied, "The user PIN is locked, expired or not set; the token's security officer sets it anew."),
            CKR.USER_NOT_LOGGED_IN => (KeyManagerError.Denied, "The token does not keep the login."),
            CKR.HOST_MEMORY or CKR.GENERAL_ERROR or CKR.FUNCTION_FAILED or CKR.DEVICE_ERROR or CKR.DEVICE_MEMORY or CKR.DEVICE_REMOVED
                or CKR.TOKEN_NOT_PRESENT or CKR.TOKEN_NOT_RECOGNIZED or CKR.SLOT_ID_INVALID or CKR.SESSION_CLOSED or CKR.SESSION_HANDLE_INVALID
                => (KeyManagerError.Unavailable, "The token does not answer as it should."),
            _ => (KeyManagerError.Invalid, "The token does not take the request."),
        };
        return new KeyManagerException(kind, $"{what}: {Message}. {advice}");
    }
}
