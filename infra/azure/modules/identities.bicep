// Two identities, so that a stolen issuer cannot make or use a root key. A token of the service account named here is exchanged for each.
param name string
param location string
param oidcIssuer string
param authoritySubject string
param issuerSubject string

resource authority 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-authority'
  location: location
}

resource issuer 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-issuer'
  location: location
}

resource authorityCredential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: authority
  name: 'kubernetes'
  properties: {
    issuer: oidcIssuer
    subject: authoritySubject
    audiences: ['api://AzureADTokenExchange']
  }
}

resource issuerCredential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: issuer
  name: 'kubernetes'
  properties: {
    issuer: oidcIssuer
    subject: issuerSubject
    audiences: ['api://AzureADTokenExchange']
  }
}

output authorityClientId string = authority.properties.clientId
output authorityPrincipalId string = authority.properties.principalId
output issuerClientId string = issuer.properties.clientId
output issuerPrincipalId string = issuer.properties.principalId
